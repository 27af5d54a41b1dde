#include "app/scan_report.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace gensetd::app {
namespace {

using modbus::Protocol;

const ScanJob job{.host = "192.168.97.20",
                  .port = 26,
                  .units_text = "1-3",
                  .units = {1, 2, 3},
                  .protocols = {Protocol::rtu_over_tcp, Protocol::tcp}};

ScannedUnit genset(std::uint8_t unit_id, Protocol protocol) {
  return {
      .unit_id = unit_id,
      .protocol = protocol,
      .heard = Heard::registers,
      .fits = {{.profile = "hgm9520n", .sureness = Sureness::likely, .points_for = 6, .why = "all answer"},
               {.profile = "hgm9560", .sureness = Sureness::none, .why = "refused"}}};
}

TEST(ScanReport, table_has_a_line_for_each_map_and_says_what_else_was_heard) {
  ScanResult result{.asked = 3, .others = "somebody else is on the line"};
  result.units.push_back(genset(1, Protocol::rtu_over_tcp));
  result.units.push_back({.unit_id = 3,
                          .protocol = Protocol::rtu_over_tcp,
                          .heard = Heard::noise,
                          .error = "192.168.97.20:26 unit 3: wrong CRC"});
  EXPECT_EQ(
      scan_table(job, result),
      "192.168.97.20:26\n"
      "unit  protocol      profile      fits      why\n"
      "   1  rtu_over_tcp  hgm9520n     likely    all answer\n"
      "                    hgm9560      no        refused\n"
      "somebody else is on the line\n"
      "the line is in use; unit ids for which only other frames came, not shown: 1 (the first: "
      "192.168.97.20:26 unit 3: wrong CRC); stop the other client or master and scan again, or read through "
      "the gensetd that uses the line: gensetd read --via URL\n");
  EXPECT_TRUE(is_something_there(result));
  EXPECT_EQ(scan_failure(job, result), "");
}

TEST(ScanReport, frames_of_others_are_said_once_and_not_for_each_unit) {
  ScanResult result{.asked = 3};
  for (std::uint8_t unit_id = 1; unit_id <= 3; ++unit_id)
    result.units.push_back({.unit_id = unit_id,
                            .protocol = Protocol::tcp,
                            .heard = Heard::foreign,
                            .error = "unit " + std::to_string(unit_id) + ": a frame for somebody else"});
  EXPECT_TRUE(is_line_in_use(result));
  const std::string table = scan_table(job, result);
  EXPECT_EQ(std::ranges::count(table, '\n'), 1) << table;
  EXPECT_NE(table.find("not shown: 3 ("), std::string::npos) << table;
  EXPECT_NE(table.find("unit 1: a frame"), std::string::npos) << table;
  EXPECT_NE(table.find("--via"), std::string::npos) << table;
  EXPECT_NE(scan_failure(job, result).find("while the line was in use"), std::string::npos);
  EXPECT_NE(scan_json(job, result).find(R"("units":[],"others":"the line is in use)"), std::string::npos);
}

// It may be the only unit there, under another id than the one asked.
TEST(ScanReport, one_frame_of_another_unit_is_shown) {
  const ScanResult result{.units = {{.unit_id = 1, .heard = Heard::foreign, .error = "unit 7 answers"}},
                          .asked = 3};
  EXPECT_FALSE(is_line_in_use(result));
  EXPECT_NE(scan_table(job, result).find("unit 7 answers"), std::string::npos);
}

TEST(ScanReport, one_controller_behind_every_unit_id_is_said) {
  ScanResult result{.asked = 3};
  for (const std::uint8_t unit_id : job.units) result.units.push_back(genset(unit_id, Protocol::tcp));
  EXPECT_NE(scan_table(job, result).find("every unit id answers: it is most likely one controller"),
            std::string::npos);
  result.units.pop_back();
  EXPECT_EQ(scan_table(job, result).find("every unit id"), std::string::npos);
}

TEST(ScanReport, maps_that_fit_alike_are_said) {
  ScanResult result{.asked = 3};
  result.units.push_back(genset(2, Protocol::tcp));
  EXPECT_EQ(scan_table(job, result).find("fit alike"), std::string::npos);
  result.units[0].fits[1] = result.units[0].fits[0];
  result.units[0].fits[1].profile = "my_model";
  EXPECT_NE(scan_table(job, result).find("unit 2: hgm9520n and my_model fit alike: compare"),
            std::string::npos);
}

TEST(ScanReport, nothing_there_says_at_which_step) {
  EXPECT_EQ(scan_failure(job, {.error = "192.168.97.20:26: connection refused"}),
            "192.168.97.20:26: connection refused");
  const std::string silent = scan_failure(job, {.asked = 3});
  EXPECT_EQ(silent.find("192.168.97.20:26: the port is open, but no controller answered as unit 1-3 in "
                        "rtu_over_tcp or tcp, waiting 0.5 s each; "),
            0U)
      << silent;
  // Noise is no controller.
  const ScanResult noise{.units = {{.unit_id = 1, .heard = Heard::noise, .error = "wrong CRC"}}, .asked = 3};
  EXPECT_FALSE(is_something_there(noise));
  EXPECT_NE(scan_failure(job, noise), "");
}

TEST(ScanReport, json_has_the_same) {
  ScanResult result{.asked = 3};
  result.units.push_back(genset(1, Protocol::tcp));
  EXPECT_EQ(scan_json(job, result),
            R"({"address":"192.168.97.20:26","units":[{"unit":1,"protocol":"tcp","answers":"registers",)"
            R"("error":null,"profiles":[{"name":"hgm9520n","fits":"likely","why":"all answer"},)"
            R"({"name":"hgm9560","fits":"no","why":"refused"}]}],"others":null,"stopped":false})"
            "\n");
}

}  // namespace
}  // namespace gensetd::app
