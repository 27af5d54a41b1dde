# cmake -D FILES=a;b -D FROM=directory -D TO=file.cpp -P embed.cmake: writes the text of FROM/a, FROM/b as C++.
set(cpp "#include \"profile/built_in_files.hpp\"\n\nnamespace gensetd::profile {\nnamespace {\n\nconstexpr BuiltInFile files[] = {\n")
foreach(name IN LISTS FILES)
  file(READ "${FROM}/${name}" text)
  string(APPEND cpp "    {\"${name}\", R\"toml(${text})toml\"},\n")
endforeach()
string(APPEND cpp "};\n\n}  // namespace\n\nstd::span<const BuiltInFile> built_in_files() { return files; }\n\n}  // namespace gensetd::profile\n")
file(WRITE "${TO}" "${cpp}")
