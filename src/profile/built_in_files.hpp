#pragma once

#include <span>
#include <string_view>

namespace gensetd::profile {

// A file of profiles/, embedded when the program was built.
struct BuiltInFile {
  std::string_view name;  // "profiles/hgm9520n.toml"
  std::string_view text;
};

// Each profile comes after the one that it extends. embed.cmake generates the definition.
std::span<const BuiltInFile> built_in_files();

}  // namespace gensetd::profile
