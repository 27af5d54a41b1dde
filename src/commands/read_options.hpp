#pragma once

#include "commands/bad_option.hpp"
#include "commands/daemon_tls.hpp"
#include "commands/daemon_url.hpp"
#include "poller/describe.hpp"
#include "profile/catalog.hpp"
#include "profile/profile.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace gensetd::commands {

// The options of `gensetd read` as given.
struct ReadOptions {
  std::string address;             // HOST, HOST:PORT, [IPv6]:PORT
  std::string profile;             // a name or a file; empty: hgm9520n
  std::string profiles_directory;  // or empty
  std::string protocol;            // "tcp", "rtu_over_tcp", or empty for the profile's own
  int unit_id = 1;
  std::optional<double> timeout_seconds;  // 2.0
  bool watch = false;                     // repeat every interval_seconds until a signal
  double interval_seconds = 2.0;
  bool json = false;
  bool registers = false;  // show raw registers with the values
  std::string raw;         // "[TABLE/]ADDR:COUNT": read these, without a profile
  std::string via;         // "http[s]://host:port" of a running daemon, or empty
  std::string ca;          // PEM file of the authority of its certificate; empty: the system's
  std::string token;       // its API_TOKEN, or empty
};

// The same options, checked.
struct ReadJob {
  poller::DeviceAddress address;
  profile::ProfilePtr profile;  // null with via: the daemon has its own
  std::string profile_name;
  std::optional<modbus::Protocol> protocol_given;  // else the profile's
  std::optional<modbus::ReadRequest> range;        // of raw
  std::chrono::milliseconds timeout{2'000};
  std::chrono::milliseconds interval{2'000};
  bool watch = false;
  bool json = false;
  bool registers = false;
  std::optional<DaemonUrl> via;
  TlsContext tls;  // of via
  std::string token;
};

// Throws BadOption, or profile::ProfileError.
ReadJob job_of(const ReadOptions& options);

// Parses HOST, HOST:PORT or [IPV6]:PORT; the default port is 502. Empty when the text is not an address.
std::optional<std::pair<std::string, std::uint16_t>> parse_host_and_port(std::string_view text);

// Parses "[TABLE/]ADDR[:COUNT]" as the first register or bit of a table and their number. The table is
// holding unless stated. Empty when the text is not such a range, or the range is longer than one request
// allows.
std::optional<modbus::ReadRequest> parse_raw_range(std::string_view text);

// `--timeout` of read and scan. Throws BadOption.
std::chrono::milliseconds checked_timeout(double seconds);

// `--protocol`: tcp or rtu_over_tcp. Throws BadOption.
modbus::Protocol checked_protocol(std::string_view word);

// The built-in register maps, and those of the directory unless it is empty.
profile::Catalog catalog_with(const std::string& profiles_directory);

}  // namespace gensetd::commands
