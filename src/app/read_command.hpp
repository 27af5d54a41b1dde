#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <utility>

namespace gensetd::app {

struct ReadOptions {
  std::string address;             // HOST, HOST:PORT, [IPv6]:PORT
  std::string profile;             // a name or a file; empty: hgm9520n
  std::string profiles_directory;  // or empty
  std::string protocol;            // "tcp", "rtu_over_tcp", or empty for the profile's own
  int unit_id = 1;
  double timeout_seconds = 2.0;
  bool watch = false;  // again and again, every interval_seconds, until a signal
  double interval_seconds = 2.0;
  bool json = false;
  std::string raw;  // "ADDR:COUNT": registers as they are, without a profile
};

// A host and port as people write them; port 502 when none is given. Empty when it is no address.
std::optional<std::pair<std::string, std::uint16_t>> parse_host_and_port(std::string_view text);

// The first register and the number of registers of "ADDR:COUNT" or "ADDR". Empty when it is none, or more
// than one request can read.
std::optional<std::pair<std::uint16_t, std::uint16_t>> parse_raw_range(std::string_view text);

// `gensetd read`: reads one controller and prints its values. Exit status: 0; 1 when the controller could not
// be read, with one line on `errors` that says at which step; 2 for bad options.
int read_command(const ReadOptions& options, std::ostream& out, std::ostream& errors);

}  // namespace gensetd::app
