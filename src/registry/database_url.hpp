#pragma once

#include <filesystem>
#include <string_view>

namespace gensetd::registry {

// The file that a DATABASE_URL names: sqlite:///path is relative to the working directory, sqlite:////path is
// absolute (as in SQLAlchemy). Throws std::runtime_error, naming DATABASE_URL and never the URL's password.
std::filesystem::path sqlite_file(std::string_view database_url);

}  // namespace gensetd::registry
