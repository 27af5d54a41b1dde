#include "events/changes.hpp"

#include "readings.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

// Tables: two readings of a device, and the changes in the second one.
namespace gensetd::events {
namespace {

// "on alarm_block", "mode_changed auto>manual", "~" before a change that may have happened earlier.
std::string shown(const Change& change) {
  std::string text = change.at_latest ? "~" : "";
  if (change.type == Change::Type::alarm_on) text += "on ";
  if (change.type == Change::Type::alarm_off) text += "off ";
  if (change.type == Change::Type::superseded) text += "superseded ";
  if (change.type == Change::Type::lost) text += "lost";
  if (change.type == Change::Type::back) text += "back";
  return text + std::string{change.code};
}

using Shown = std::vector<std::string>;

Shown shown(const std::vector<Change>& changes) {
  Shown all;
  for (const Change& change : changes) all.push_back(shown(change));
  return all;
}

std::vector<Change> between(const LastKnown& before, const reading::Content& after) {
  return changes_between(before, after, EventFields{*after.profile});
}

Shown compared(const reading::Content& before, const reading::Content& after) {
  return shown(between({shared(before), {}}, after));
}

struct Pair {
  std::string name;
  std::string map;
  std::vector<std::pair<std::string, profile::Value>> before;
  std::vector<std::pair<std::string, profile::Value>> after;
  Shown changes;
};

void PrintTo(const Pair& pair, std::ostream* out) { *out << pair.name; }

class ReadingPairs : public testing::TestWithParam<Pair> {};

TEST_P(ReadingPairs, have_these_changes) {
  const Pair& pair = GetParam();
  reading::Content before = good(1, 1'000, {}, pair.map);
  reading::Content after = good(1, 3'000, {}, pair.map);
  for (const auto& [name, value] : pair.before) set(before, {{name, value}});
  for (const auto& [name, value] : pair.after) set(after, {{name, value}});
  EXPECT_EQ(compared(before, after), pair.changes);
}

constexpr std::nullopt_t none = std::nullopt;

INSTANTIATE_TEST_SUITE_P(
    Tables, ReadingPairs,
    testing::Values(
        Pair{"nothing", "hgm9520n", {}, {}, {}},
        Pair{"a_measured_value", "hgm9520n", {{"power_total", 1}}, {{"power_total", 900}}, {}},
        Pair{"shutdown_comes",
             "hgm9520n",
             {},
             {{"alarm_shutdown", 1}, {"alarm_common", 1}},
             {"on alarm_shutdown"}},
        Pair{"shutdown_goes",
             "hgm9520n",
             {{"alarm_shutdown", 1}, {"alarm_common", 1}},
             {},
             {"off alarm_shutdown"}},
        Pair{"warning_and_block_come_together",
             "hgm9520n",
             {},
             {{"alarm_warning", 1}, {"alarm_block", 1}, {"alarm_common", 1}},
             {"on alarm_block", "on alarm_warning"}},
        Pair{"common_alone", "hgm9520n", {}, {{"alarm_common", 1}}, {"on alarm_unclassified"}},
        Pair{"common_alone_goes", "hgm9520n", {{"alarm_common", 1}}, {}, {"off alarm_unclassified"}},
        Pair{"common_gets_a_class",
             "hgm9520n",
             {{"alarm_common", 1}},
             {{"alarm_common", 1}, {"alarm_warning", 1}},
             {"on alarm_warning", "superseded alarm_unclassified"}},
        Pair{"class_goes_and_common_stays",
             "hgm9520n",
             {{"alarm_common", 1}, {"alarm_warning", 1}},
             {{"alarm_common", 1}},
             {"off alarm_warning", "on alarm_unclassified"}},
        Pair{"common_is_not_alone_while_a_class_is_unknown",
             "hgm9520n",
             {},
             {{"alarm_common", 1}, {"alarm_block", none}},
             {}},
        Pair{"unknown_is_not_off",
             "hgm9520n",
             {{"alarm_shutdown", 1}, {"alarm_common", 1}},
             {{"alarm_shutdown", none}, {"alarm_common", none}},
             {}},
        Pair{"unknown_before_and_on_now",
             "hgm9520n",
             {{"alarm_shutdown", none}, {"alarm_common", none}},
             {{"alarm_shutdown", 1}, {"alarm_common", 1}},
             {"on alarm_shutdown", "superseded alarm_unclassified"}},
        Pair{"trip_of_the_switchboard", "hgm9560", {}, {{"alarm_trip_stop", 1}}, {"on alarm_trip_stop"}},
        Pair{"alarm_count", "hgm9520n", {}, {{"alarm_count", 2}}, {"alarm_count_changed"}},
        Pair{"mode", "hgm9520n", {}, {{"mode_auto", 0}, {"mode_manual", 1}}, {"mode_changed"}},
        Pair{"two_modes_at_once", "hgm9520n", {}, {{"mode_manual", 1}}, {"mode_changed"}},
        Pair{"mode_without_data", "hgm9520n", {}, {{"mode_auto", none}}, {}},
        Pair{"status", "hgm9520n", {}, {{"gen_status", 1}}, {"status_changed"}},
        Pair{"status_of_the_switchboard", "hgm9560", {}, {{"genset_status", 14}}, {"status_changed"}},
        Pair{"status_without_data", "hgm9520n", {}, {{"gen_status", none}}, {}},
        Pair{"breaker_closes", "hgm9520n", {}, {{"gen_closed", 1}}, {"gen_breaker_closed"}},
        Pair{"breaker_opens", "hgm9520n", {{"gen_closed", 1}}, {}, {"gen_breaker_opened"}},
        Pair{"mains_fail",
             "hgm9520n",
             {},
             {{"mains_normal", 0}, {"mains_load", 0}},
             {"load_off_mains", "mains_abnormal"}},
        Pair{"switches_and_mains_of_the_switchboard",
             "hgm9560",
             {},
             {{"mains_switch", 3}, {"busbar_switch", 7}, {"mains_status", 2}},
             {"mains_status_changed", "switch_changed", "switch_changed"}}),
    [](const auto& test) { return test.param.name; });

TEST(Changes, loss_and_return_of_the_connection) {
  const auto before = good(1, 1'000);
  const auto lost = offline(before, 3'000);
  EXPECT_EQ(compared(before, lost), Shown{"lost"});
  EXPECT_EQ(compared(lost, offline(before, 5'000)), Shown{});
  EXPECT_EQ(compared(lost, good(1, 9'000)), Shown{"back"});
  EXPECT_EQ(between({shared(before), {}}, lost).front().args, R"({"error":"no answer"})");
}

TEST(Changes, change_during_an_outage_is_at_the_latest) {
  const auto lost = offline(good(1, 1'000), 3'000);
  EXPECT_EQ(compared(lost, good(1, 9'000, {{"alarm_block", 1}, {"alarm_common", 1}, {"gen_status", 9}})),
            (Shown{"back", "~on alarm_block", "~status_changed"}));
}

TEST(Changes, first_reading_gives_alarms_only) {
  const auto first = good(1, 1'000, {{"alarm_block", 1}, {"alarm_common", 1}, {"gen_status", 9}});
  EXPECT_EQ(shown(between({}, first)), (Shown{"back", "~off alarm_shutdown", "~on alarm_block",
                                              "~off alarm_warning", "~superseded alarm_unclassified"}));
  EXPECT_EQ(shown(between({}, never_read(1, 1'000))), Shown{"~lost"});
}

TEST(Changes, failed_cycle_below_the_limit_changes_nothing) {
  const auto before = good(1, 1'000);
  reading::Content failed = before;
  failed.timestamp = at(3'000);
  failed.at = steady_at(3'000);
  failed.error = "no answer";
  EXPECT_EQ(compared(before, failed), Shown{});
  EXPECT_EQ(compared(failed, good(1, 5'000, {{"gen_status", 1}})), Shown{"status_changed"});
}

TEST(Changes, texts_of_codes_are_in_the_args) {
  const auto changes = between({shared(good(1, 1'000)), {}}, good(1, 2'000, {{"gen_status", 17}}));
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(
      changes[0].args,
      R"({"field":"gen_status","from":0,"to":17,"label_en":"Genset status","label_ru":"Состояние агрегата",)"
      R"("from_key":"standby","from_en":"Standby","from_ru":"Готовность","to_en":"code 17","to_ru":"код 17"})");
}

TEST(Changes, gap_in_a_field_hides_no_change_and_invents_none) {
  LastKnown known = known_after({}, shared(good(1, 1'000, {{"gen_status", 9}, {"alarm_shutdown", 0}})));
  const auto blind = good(1, 2'000, {{"gen_status", none}, {"alarm_shutdown", none}, {"alarm_common", none}});
  EXPECT_EQ(shown(between(known, blind)), Shown{});
  known = known_after(known, shared(blind));
  known = known_after(
      known,
      shared(good(1, 3'000, {{"gen_status", none}, {"alarm_shutdown", none}, {"alarm_common", none}})));
  EXPECT_EQ(shown(between(known, good(1, 4'000, {{"gen_status", 9}}))), Shown{});
  EXPECT_EQ(
      shown(between(
          known, good(1, 4'000,
                      {{"gen_status", 10}, {"alarm_shutdown", 1}, {"alarm_common", 1}, {"gen_closed", 1}}))),
      (Shown{"~on alarm_shutdown", "~status_changed", "gen_breaker_closed"}));
}

TEST(Changes, another_source_is_not_compared_with_the_former_one) {
  const LastKnown known = known_after({}, shared(good(1, 1'000, {{"gen_status", 9}})));
  const auto unread = never_read(1, 2'000);
  EXPECT_EQ(shown(between(known, unread)), Shown{"~lost"});
  const LastKnown after = known_after(known, shared(unread));
  EXPECT_EQ(shown(between(after, good(1, 3'000, {{"gen_status", 3}}))).front(), "back");
  for (const auto& change : between(after, good(1, 3'000, {{"gen_status", 3}})))
    EXPECT_NE(change.code, "status_changed");
}

TEST(Changes, another_register_map_is_not_compared_field_by_field) {
  const LastKnown known = known_after({}, shared(good(1, 1'000)));
  for (const auto& change : between(known, good(1, 2'000, {{"genset_status", 9}}, "hgm9560")))
    EXPECT_NE(change.type, Change::Type::happened);
}

TEST(Changes, alarms_that_are_on_and_not_open_are_missing) {
  const auto content = good(1, 1'000, {{"alarm_common", 1}});
  const EventFields fields{*content.profile};
  const auto codes = [&](bool is_open) {
    std::vector<std::string> found;
    for (const Change& change :
         missing_alarms(content, fields, {}, [&](std::string_view) { return is_open; }))
      found.emplace_back(change.code);
    return found;
  };
  EXPECT_EQ(codes(false), std::vector<std::string>{"alarm_unclassified"});
  EXPECT_TRUE(codes(true).empty());
}

}  // namespace
}  // namespace gensetd::events
