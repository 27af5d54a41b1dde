#include "commands/scan_options.hpp"

#include "commands/read_options.hpp"
#include "commands/scan_command.hpp"

#include <gtest/gtest.h>

#include <sstream>

namespace gensetd::commands {
namespace {

using Units = std::vector<std::uint8_t>;
using modbus::Protocol;

TEST(ScanOptions, units_are_ranges_and_single_ids) {
  EXPECT_EQ(parse_units("1-4,20"), (Units{1, 2, 3, 4, 20}));
  EXPECT_EQ(parse_units("7"), (Units{7}));
  EXPECT_EQ(parse_units("9,3-3,2-4"), (Units{2, 3, 4, 9}));
  EXPECT_EQ(parse_units("0-255")->size(), 256U);
  for (const char* bad : {"", ",", "1,", "4-1", "1-", "-1", "256", "1-256", "1 2", "1-2-3", "x"})
    EXPECT_FALSE(parse_units(bad)) << bad;
}

TEST(ScanOptions, port_determines_which_protocol_is_tried_first) {
  EXPECT_EQ(job_of(ScanOptions{.address = "h"}).protocols,
            (std::vector{Protocol::tcp, Protocol::rtu_over_tcp}));
  EXPECT_EQ(job_of(ScanOptions{.address = "h:26"}).protocols,
            (std::vector{Protocol::rtu_over_tcp, Protocol::tcp}));
  EXPECT_EQ(job_of(ScanOptions{.address = "h:26", .protocol = "tcp"}).protocols,
            (std::vector{Protocol::tcp}));
}

TEST(ScanOptions, invalid_options_are_named) {
  const std::pair<ScanOptions, const char*> rows[] = {
      {{.address = "a b"}, "'a b' is not an address; give HOST, HOST:PORT or [IPV6]:PORT"},
      {{.address = "h", .units = "0-300"},
       "--units: '0-300' is not a list of unit ids; give a list such as 1-16,20, each 0 to 255"},
      {{.address = "h", .units = "0-3", .protocol = "rtu_over_tcp"},
       "--units: 0 is out of range; rtu_over_tcp takes 1 to 247"},
      {{.address = "h", .protocol = "udp"}, "--protocol: 'udp' is neither tcp nor rtu_over_tcp"},
      {{.address = "h", .timeout_seconds = 0}, "--timeout: 0 is out of range; give 0.05 to 60 seconds"},
  };
  for (const auto& [options, message] : rows) {
    std::ostringstream out;
    std::ostringstream errors;
    EXPECT_EQ(scan_command(options, out, errors, false), 2);
    EXPECT_EQ(errors.str(), "gensetd scan: " + std::string{message} + "\n");
    EXPECT_EQ(out.str(), "");
  }
}

}  // namespace
}  // namespace gensetd::commands
