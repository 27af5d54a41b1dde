#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <variant>

namespace gensetd::registry {

// Address and credentials of a PostgreSQL database. `password` is a secret: it must not be printed or logged.
struct PostgresAddress {
  std::string
      host;  // name, IPv4, IPv6 without brackets, or the folder of a Unix socket (/var/run/postgresql)
  std::uint16_t port = 5432;
  std::string user;
  std::string password;  // empty: none, as for a Unix socket with peer authentication
  std::string database;
  // Parameters of libpq (PostgreSQL 34.19, SSL Support); empty: libpq's default.
  std::string sslmode;
  std::string sslrootcert;
  std::string sslcert;
  std::string sslkey;

  bool operator==(const PostgresAddress&) const = default;
};

using DatabaseAddress = std::variant<std::filesystem::path, PostgresAddress>;  // a path: SQLite

// Reads a DATABASE_URL: sqlite:///path is relative to the working directory, sqlite:////path is absolute (as
// in SQLAlchemy); postgresql://user[:password]@host[:port]/name[?sslmode=…&sslrootcert=…&sslcert=…&sslkey=…],
// where ?host=/folder instead of a host is a Unix socket. Throws std::runtime_error with one line that names
// DATABASE_URL and never repeats what may be a password.
DatabaseAddress parse_database_url(std::string_view text);

// For messages, without the password: the file, or "NAME at HOST:PORT (user USER)".
std::string print_database(const DatabaseAddress& address);

}  // namespace gensetd::registry
