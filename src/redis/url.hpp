#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace gensetd::redis {

// Where Redis is and how to log in. `password` is a secret: it goes into the AUTH command and nowhere else.
struct RedisAddress {
  std::string host;  // name, IPv4 or IPv6 without brackets
  std::uint16_t port = 6379;
  std::string user;      // empty: the default user
  std::string password;  // empty: no login
  int database = 0;
};

// Reads redis://[[user]:password@]host[:port][/db]; percent-encoding is decoded. Throws std::runtime_error
// with one line that does not repeat the text, which may contain a password.
RedisAddress parse_url(std::string_view text);

// "host:port", with brackets around IPv6; for messages.
std::string print_endpoint(const RedisAddress& address);

}  // namespace gensetd::redis
