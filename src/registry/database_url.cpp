#include "registry/database_url.hpp"

#include "text/host_port.hpp"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace gensetd::registry {
namespace {

using std::string_view;

constexpr string_view sqlite_prefix = "sqlite:///";
constexpr string_view postgres_prefix = "postgresql://";

[[noreturn]] void refuse(string_view why) {
  throw std::runtime_error(
      fmt::format("DATABASE_URL {}; allowed is sqlite:///relative/path, sqlite:////absolute/path or "
                  "postgresql://user:password@host:port/name",
                  why));
}

bool has_control_character(string_view text) {
  return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

std::filesystem::path sqlite_file(string_view path) {
  if (path.empty()) refuse("names no file");
  if (path == ":memory:") refuse("names a database in memory, which would be lost at every stop");
  if (path.find_first_of("?\"") != string_view::npos)
    refuse("contains '?' or '\"', which are not allowed in the path");
  if (has_control_character(path)) refuse("contains a control character");
  return std::filesystem::absolute(path).lexically_normal();
}

std::uint16_t port_of(const boost::urls::url_view& url) {
  if (!url.has_port() || url.port().empty()) return PostgresAddress{}.port;
  const auto port = text::parse_port(std::string{url.port()});
  if (!port) refuse("has a port that is not 1 to 65535");
  return *port;
}

void set_host(PostgresAddress& address, const std::string& folder) {
  if (!address.host.empty()) refuse("has two hosts");
  if (!folder.starts_with('/')) refuse("has a host after ? that is not the folder of a Unix socket");
  address.host = folder;
}

void set_ssl_mode(PostgresAddress& address, const std::string& mode) {
  constexpr std::array<string_view, 6> modes{"disable", "allow",     "prefer",
                                             "require", "verify-ca", "verify-full"};
  if (std::ranges::find(modes, mode) == modes.end())
    refuse("has an sslmode that is none of disable, allow, prefer, require, verify-ca, verify-full");
  address.sslmode = mode;
}

void read_parameters(PostgresAddress& address, const boost::urls::url_view& url) {
  for (const auto& parameter : url.params()) {
    const std::string value = parameter.value;
    if (parameter.key == "host") {
      set_host(address, value);
    } else if (parameter.key == "sslmode") {
      set_ssl_mode(address, value);
    } else if (parameter.key == "sslrootcert") {
      address.sslrootcert = value;
    } else if (parameter.key == "sslcert") {
      address.sslcert = value;
    } else if (parameter.key == "sslkey") {
      address.sslkey = value;
    } else {
      refuse("has a parameter after ? that is none of host, sslmode, sslrootcert, sslcert, sslkey");
    }
  }
}

void check(const PostgresAddress& address) {
  if (address.host.empty()) refuse("has no host");
  if (address.user.empty()) refuse("has no user");
  if (address.database.empty()) refuse("names no database");
  if (address.database.find('/') != std::string::npos) refuse("has more than a database name after the host");
  for (const std::string* text : {&address.host, &address.user, &address.password, &address.database,
                                  &address.sslrootcert, &address.sslcert, &address.sslkey}) {
    if (has_control_character(*text)) refuse("contains a control character");
  }
}

PostgresAddress postgres_address(string_view text) {
  const auto parsed = boost::urls::parse_uri(boost::urls::string_view(text.data(), text.size()));
  if (!parsed) {
    refuse(
        "is not a URL (special characters of a password are written in percent form, @ as %40, # as %23, / "
        "as %2F)");
  }
  const boost::urls::url_view& url = *parsed;
  if (url.has_fragment()) refuse("has a part after #, which is not supported");
  PostgresAddress address;
  address.host = url.host_address();
  // libpq would try each host of a list, and take an encoded path for a socket folder.
  if (address.host.find_first_of(",/") != std::string::npos) refuse("has an invalid host name");
  address.port = port_of(url);
  address.user = url.user();
  address.password = url.password();
  const std::string path = url.path();
  // Boost 1.81 takes the text after an address, such as the letter in 10.0.0.1O:5432, for a path.
  if (!path.empty() && path.front() != '/') refuse("has an invalid host name");
  if (!path.empty()) address.database = path.substr(1);
  read_parameters(address, url);
  check(address);
  return address;
}

}  // namespace

DatabaseAddress parse_database_url(string_view text) {
  if (text.starts_with(postgres_prefix)) return postgres_address(text);
  if (text.starts_with(sqlite_prefix)) return sqlite_file(text.substr(sqlite_prefix.size()));
  const std::size_t colon = text.find(':');
  // Only the scheme is repeated: the rest may contain a password.
  const string_view scheme = text.substr(0, colon);
  const bool is_scheme = colon != string_view::npos && !scheme.empty() && scheme.size() <= 32 &&
                         std::ranges::all_of(scheme, [](char c) {
                           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                  (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
                         });
  if (!is_scheme) refuse("is not a database URL");
  if (scheme == "sqlite") refuse("names a host, or has too few slashes after sqlite:");
  if (scheme == "postgresql") refuse("has too few slashes after postgresql:");
  refuse(fmt::format("begins with '{}:', which is not supported", scheme));
}

std::string print_database(const DatabaseAddress& address) {
  if (const auto* file = std::get_if<std::filesystem::path>(&address)) return file->string();
  const auto& server = std::get<PostgresAddress>(address);
  const bool is_ipv6 = server.host.find(':') != std::string::npos;
  return fmt::format("{} at {}:{} (user {})", server.database,
                     is_ipv6 ? "[" + server.host + "]" : server.host, server.port, server.user);
}

}  // namespace gensetd::registry
