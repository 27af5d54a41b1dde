#pragma once

#include "modbus/read_request.hpp"
#include "poller/scanner.hpp"
#include "profile/profile.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gensetd::commands {

// The options of `gensetd scan` as given.
struct ScanOptions {
  std::string address;             // HOST, HOST:PORT, [IPv6]:PORT
  std::string units = "1-16";      // "1-16,20"
  std::string protocol;            // "tcp", "rtu_over_tcp", or empty for both
  std::string profiles_directory;  // or empty
  double timeout_seconds = 0.5;
  bool json = false;
};

// The same options, checked.
struct ScanJob {
  std::string host;
  std::uint16_t port = 502;
  std::string units_text;
  std::vector<std::uint8_t> units;            // ascending
  std::vector<modbus::Protocol> protocols;    // in the order in which they are tried
  std::vector<profile::ProfilePtr> profiles;  // by name, at least one
  std::chrono::milliseconds timeout{500};
  bool json = false;
};

// Throws BadOption, or profile::ProfileError.
ScanJob job_of(const ScanOptions& options);

poller::ScanPlan plan_of(const ScanJob& job);

// Parses a list such as "1-16,20" of unit ids from 0 to 255 into ascending ids without duplicates. Empty when
// the text is not such a list.
std::optional<std::vector<std::uint8_t>> parse_units(std::string_view text);

}  // namespace gensetd::commands
