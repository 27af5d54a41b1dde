#pragma once

#include <span>
#include <string_view>

namespace gensetd::api {

// A built-in file of web/.
struct StaticFile {
  std::string_view name;  // "index.html"
  std::string_view text;
};

// embed.cmake generates the definition.
std::span<const StaticFile> static_files();

}  // namespace gensetd::api
