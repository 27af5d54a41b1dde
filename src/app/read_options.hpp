#pragma once

#include "app/bad_option.hpp"
#include "app/daemon_trust.hpp"
#include "app/daemon_url.hpp"
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

namespace gensetd::app {

// What `gensetd read` was told, as text and numbers.
struct ReadOptions {
  std::string address;             // HOST, HOST:PORT, [IPv6]:PORT
  std::string profile;             // a name or a file; empty: hgm9520n
  std::string profiles_directory;  // or empty
  std::string protocol;            // "tcp", "rtu_over_tcp", or empty for the profile's own
  int unit_id = 1;
  std::optional<double> timeout_seconds;  // 2.0
  bool watch = false;                     // again and again, every interval_seconds, until a signal
  double interval_seconds = 2.0;
  bool json = false;
  bool registers = false;  // raw registers beside the values
  std::string raw;         // "ADDR:COUNT": registers as they are, without a profile
  std::string via;         // "http[s]://host:port" of a running daemon, or empty
  std::string ca;          // a PEM file with the authority of its certificate, or empty for the system's
  std::string token;       // its API_TOKEN, or empty
};

// The same, checked.
struct ReadJob {
  poller::Address address;
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
  Trust trust;  // of via
  std::string token;
};

// Throws BadOption, or profile::ProfileError.
ReadJob job_of(const ReadOptions& options);

// A host and port as people write them; port 502 when none is given. Empty when it is no address.
std::optional<std::pair<std::string, std::uint16_t>> parse_host_and_port(std::string_view text);

// The first register and the number of registers of "ADDR:COUNT" or "ADDR". Empty when it is none, or more
// than one request can read.
std::optional<std::pair<std::uint16_t, std::uint16_t>> parse_raw_range(std::string_view text);

// `--timeout` of the technician's commands. Throws BadOption.
std::chrono::milliseconds checked_timeout(double seconds);

// `option`'s tcp or rtu_over_tcp. Throws BadOption.
modbus::Protocol checked_protocol(std::string_view word);

// The built-in register maps, and those of a directory if there is one.
profile::Catalog catalog_with(const std::string& profiles_directory);

}  // namespace gensetd::app
