# cmake -D FILES=a;b -D FROM=directory -D TO=file.cpp -P embed.cmake: writes the text of FROM/a, FROM/b as C++.
set(cpp "#include \"api/static_files.hpp\"\n\nnamespace gensetd::api {\nnamespace {\n\nconstexpr StaticFile files[] = {\n")
foreach(name IN LISTS FILES)
  file(READ "${FROM}/${name}" text)
  string(APPEND cpp "    {\"${name}\", R\"~~~(${text})~~~\"},\n")
endforeach()
string(APPEND cpp "};\n\n}  // namespace\n\nstd::span<const StaticFile> static_files() { return files; }\n\n}  // namespace gensetd::api\n")
file(WRITE "${TO}" "${cpp}")
