#include "commands/scan_report.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace gensetd::commands {
namespace {

using modbus::Protocol;
using poller::has_controller;
using poller::is_line_in_use;
using poller::MatchConfidence;
using poller::ProbeOutcome;
using poller::ScannedUnit;
using poller::ScanResult;

const ScanJob job{.host = "192.168.97.20",
                  .port = 26,
                  .units_text = "1-3",
                  .units = {1, 2, 3},
                  .protocols = {Protocol::rtu_over_tcp, Protocol::tcp}};

ScannedUnit genset(std::uint8_t unit_id, Protocol protocol) {
  return {.unit_id = unit_id,
          .protocol = protocol,
          .outcome = ProbeOutcome::registers,
          .matches = {{.profile = "hgm9520n",
                       .confidence = MatchConfidence::likely,
                       .supporting_points = 6,
                       .why = "all answer"},
                      {.profile = "hgm9560", .confidence = MatchConfidence::no_match, .why = "refused"}}};
}

TEST(ScanReport, table_has_a_line_per_map_and_remarks) {
  ScanResult result{.units_requested = 3, .foreign_traffic = "another master or client uses the line"};
  result.units.push_back(genset(1, Protocol::rtu_over_tcp));
  result.units.push_back({.unit_id = 3,
                          .protocol = Protocol::rtu_over_tcp,
                          .outcome = ProbeOutcome::invalid_bytes,
                          .error = "192.168.97.20:26 unit 3: wrong CRC"});
  EXPECT_EQ(
      scan_table(job, result),
      "192.168.97.20:26\n"
      "unit  protocol      profile      fits      why\n"
      "   1  rtu_over_tcp  hgm9520n     likely    all answer\n"
      "                    hgm9560      no        refused\n"
      "another master or client uses the line\n"
      "the line is in use; unit ids with only foreign frames, not shown: 1 (the first: "
      "192.168.97.20:26 unit 3: wrong CRC); stop the other client or master and scan again, or read through "
      "the gensetd that uses the line: gensetd read --via URL\n");
  EXPECT_TRUE(has_controller(result));
  EXPECT_EQ(scan_failure(job, result), "");
}

TEST(ScanReport, foreign_frames_are_reported_once_and_not_per_unit) {
  ScanResult result{.units_requested = 3};
  for (std::uint8_t unit_id = 1; unit_id <= 3; ++unit_id)
    result.units.push_back({.unit_id = unit_id,
                            .protocol = Protocol::tcp,
                            .outcome = ProbeOutcome::foreign_frames,
                            .error = "unit " + std::to_string(unit_id) + ": a foreign frame"});
  EXPECT_TRUE(is_line_in_use(result));
  const std::string table = scan_table(job, result);
  EXPECT_EQ(std::ranges::count(table, '\n'), 1) << table;
  EXPECT_NE(table.find("not shown: 3 ("), std::string::npos) << table;
  EXPECT_NE(table.find("unit 1: a foreign frame"), std::string::npos) << table;
  EXPECT_NE(table.find("--via"), std::string::npos) << table;
  EXPECT_NE(scan_failure(job, result).find("while the line was in use"), std::string::npos);
}

// It may be the only unit, with another id than the requested one.
TEST(ScanReport, one_frame_of_another_unit_is_shown) {
  const ScanResult result{
      .units = {{.unit_id = 1, .outcome = ProbeOutcome::foreign_frames, .error = "unit 7 answers"}},
      .units_requested = 3};
  EXPECT_FALSE(is_line_in_use(result));
  EXPECT_NE(scan_table(job, result).find("unit 7 answers"), std::string::npos);
}

TEST(ScanReport, one_controller_behind_every_unit_id_is_reported) {
  ScanResult result{.units_requested = 3};
  for (const std::uint8_t unit_id : job.units) result.units.push_back(genset(unit_id, Protocol::tcp));
  EXPECT_NE(scan_table(job, result).find("every unit id answers: most likely it is one controller"),
            std::string::npos);
  result.units.pop_back();
  EXPECT_EQ(scan_table(job, result).find("every unit id"), std::string::npos);
}

TEST(ScanReport, maps_that_match_equally_are_reported) {
  ScanResult result{.units_requested = 3};
  result.units.push_back(genset(2, Protocol::tcp));
  EXPECT_EQ(scan_table(job, result).find("fit equally well"), std::string::npos);
  result.units[0].matches[1] = result.units[0].matches[0];
  result.units[0].matches[1].profile = "my_model";
  EXPECT_NE(scan_table(job, result).find("unit 2: hgm9520n and my_model fit equally well: compare"),
            std::string::npos);
}

// Registers that tell the model are more than values that fit.
TEST(ScanReport, maps_of_which_one_has_the_identity_do_not_match_equally) {
  ScanResult result{.units_requested = 3};
  result.units.push_back(genset(2, Protocol::tcp));
  auto& matches = result.units[0].matches;
  matches[1] = matches[0];
  matches[0].by_identity = true;
  EXPECT_EQ(scan_table(job, result).find("fit equally well"), std::string::npos);
  matches[1].by_identity = true;
  EXPECT_NE(scan_table(job, result).find("fit equally well"), std::string::npos);
  for (auto& match : matches) match.confidence = MatchConfidence::unlikely;
  EXPECT_EQ(scan_table(job, result).find("fit equally well"), std::string::npos);
}

TEST(ScanReport, failure_says_at_which_step) {
  EXPECT_EQ(scan_failure(job, {.error = "192.168.97.20:26: connection refused"}),
            "192.168.97.20:26: connection refused");
  const std::string silent = scan_failure(job, {.units_requested = 3});
  EXPECT_EQ(silent.find("192.168.97.20:26: the port is open, but no controller answered as unit 1-3 in "
                        "rtu_over_tcp or tcp, waiting 0.5 s each; "),
            0U)
      << silent;
  // Noise is no controller.
  const ScanResult noise{
      .units = {{.unit_id = 1, .outcome = ProbeOutcome::invalid_bytes, .error = "wrong CRC"}},
      .units_requested = 3};
  EXPECT_FALSE(has_controller(noise));
  EXPECT_NE(scan_failure(job, noise), "");
}

}  // namespace
}  // namespace gensetd::commands
