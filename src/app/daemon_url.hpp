#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace gensetd::app {

// Where a running daemon serves HTTP.
struct DaemonUrl {
  std::string host;  // a name or an address, without brackets
  std::uint16_t port = 80;
  std::string path;     // "/api" and the rest come behind it; "" or "/prefix" of a proxy
  bool tls = false;     // https
  bool is_own = false;  // this machine's, as the settings have it: its certificate may be for any name

  bool operator==(const DaemonUrl&) const = default;
};

// "http[s]://host[:port][/prefix]", or one line that says why it is none. A URL with a password is not
// repeated.
std::variant<DaemonUrl, std::string> parse_daemon_url(std::string_view text);

// "http://127.0.0.1:8010", for people.
std::string to_text(const DaemonUrl& url);

}  // namespace gensetd::app
