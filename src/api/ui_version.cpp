#include "api/ui_version.hpp"

#include "api/page_file.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <string_view>

namespace gensetd::api {
namespace {

// FNV-1a, 64 bits (draft-eastlake-fnv): identifies the files; no protection against forgery.
void add(std::uint64_t& hash, std::string_view text) {
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3U;
}

}  // namespace

std::string ui_version() {
  std::uint64_t hash = 0xCBF29CE484222325U;
  for (const PageFile& file : page_files()) {
    add(hash, file.path);
    add(hash, file.digest);
  }
  return fmt::format("{:016x}", hash);
}

}  // namespace gensetd::api
