#include "daemon/scan_json.hpp"

#include <gtest/gtest.h>

#include <string>

namespace gensetd::daemon {
namespace {

using modbus::Protocol;
using poller::MatchConfidence;
using poller::ProbeOutcome;
using poller::ScanResult;

const std::string host = "192.168.97.20";

ScanResult genset_found() {
  return {
      .units =
          {{.unit_id = 1,
            .protocol = Protocol::tcp,
            .outcome = ProbeOutcome::registers,
            .matches = {{.profile = "hgm9520n", .confidence = MatchConfidence::likely, .why = "all answer"},
                        {.profile = "hgm9560", .confidence = MatchConfidence::no_match, .why = "refused"}}}},
      .units_requested = 3};
}

TEST(ScanJson, contains_units_and_maps) {
  EXPECT_EQ(scan_json(host, 26, genset_found()),
            R"({"address":"192.168.97.20:26","units":[{"unit":1,"protocol":"tcp","answers":"registers",)"
            R"("error":null,"profiles":[{"name":"hgm9520n","fits":"likely","why":"all answer"},)"
            R"({"name":"hgm9560","fits":"no","why":"refused"}]}],"others":null,"stopped":false})");
}

TEST(ScanJson, firmware_is_there_when_it_is_known) {
  ScanResult result = genset_found();
  result.units[0].matches[0].firmware = "v\"2";
  EXPECT_NE(scan_json(host, 26, result).find(R"("why":"all answer","firmware":"v\"2"},{"name":"hgm9560",)"),
            std::string::npos);
}

TEST(ScanJson, units_with_foreign_frames_are_left_out_and_counted) {
  ScanResult result{.units_requested = 2};
  for (std::uint8_t unit_id = 1; unit_id <= 2; ++unit_id)
    result.units.push_back({.unit_id = unit_id, .outcome = ProbeOutcome::foreign_frames, .error = "foreign"});
  EXPECT_NE(scan_json(host, 26, result)
                .find(R"("units":[],"others":"the line is in use; unit ids with only )"
                      R"(foreign frames, not shown: 2 (the first: foreign); )"),
            std::string::npos);
}

TEST(ScanJson, error_says_why_there_was_no_connection) {
  const ScanResult none{.error = "192.168.97.20:26: connection refused", .stopped = true};
  EXPECT_EQ(scan_json_with_error(host, 26, none),
            R"({"address":"192.168.97.20:26","units":[],"others":null,"stopped":true,)"
            R"("error":"192.168.97.20:26: connection refused"})");
  EXPECT_NE(scan_json_with_error("fd00::1", 502, genset_found()).find(R"("stopped":false,"error":null})"),
            std::string::npos);
  EXPECT_EQ(scan_json_with_error("fd00::1", 502, {}).find(R"({"address":"[fd00::1]:502",)"), 0U);
}

TEST(ScanJson, a_failure_that_is_no_silence_is_the_error_if_no_unit_responded) {
  poller::ScanResult result{.first_failure = "127.0.0.1:502 unit 1: the connection was closed"};
  EXPECT_NE(scan_json_with_error("127.0.0.1", 502, result)
                .find(R"("error":"127.0.0.1:502 unit 1: the connection was closed")"),
            std::string::npos);
  result.units.push_back({.unit_id = 1, .outcome = poller::ProbeOutcome::registers});
  EXPECT_NE(scan_json_with_error("127.0.0.1", 502, result).find(R"("error":null})"), std::string::npos);
}

}  // namespace
}  // namespace gensetd::daemon
