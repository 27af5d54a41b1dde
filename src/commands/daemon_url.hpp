#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace gensetd::commands {

// Where a running daemon serves HTTP.
struct DaemonUrl {
  std::string host;  // a name or an address, without brackets
  std::uint16_t port = 80;
  std::string path;       // prefix of all paths such as "/api": "", or "/prefix" behind a proxy
  bool tls = false;       // https
  bool is_local = false;  // the daemon of this machine: its certificate may be for any name

  bool operator==(const DaemonUrl&) const = default;
};

// Parses "http[s]://host[:port][/prefix]". An error is one line that never repeats a password.
std::variant<DaemonUrl, std::string> parse_daemon_url(std::string_view text);

// "http://127.0.0.1:8010", for people.
std::string to_text(const DaemonUrl& url);

}  // namespace gensetd::commands
