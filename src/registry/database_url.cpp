#include "registry/database_url.hpp"

#include <fmt/format.h>

#include <stdexcept>
#include <string>

namespace gensetd::registry {
namespace {

constexpr std::string_view prefix = "sqlite:///";

[[noreturn]] void refuse(std::string_view why) {
  throw std::runtime_error(
      fmt::format("DATABASE_URL {}; allowed is sqlite:///relative/path or sqlite:////absolute/path", why));
}

}  // namespace

std::filesystem::path sqlite_file(std::string_view database_url) {
  if (!database_url.starts_with(prefix)) {
    const std::size_t colon = database_url.find(':');
    // Only a scheme is repeated: what follows may hold a password.
    if (colon == std::string_view::npos || colon > 32) refuse("is not a database's address");
    if (database_url.starts_with("sqlite:")) refuse("names a host, or has too few slashes after sqlite:");
    refuse(fmt::format("begins with '{}:', which is not supported", database_url.substr(0, colon)));
  }
  const std::string_view path = database_url.substr(prefix.size());
  if (path.empty()) refuse("names no file");
  if (path == ":memory:") refuse("names a database in memory, which would be lost at every stop");
  if (path.find_first_of("?\"") != std::string_view::npos)
    refuse("holds '?' or '\"', which no path may have");
  for (const char c : path) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) refuse("holds a control character");
  }
  return std::filesystem::absolute(path).lexically_normal();
}

}  // namespace gensetd::registry
