#include "events/event_fields.hpp"

#include "events/changes.hpp"
#include "profile/roles.hpp"
#include "readings.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

// Which fields of a register map produce events: those with certain roles, whatever their names.
namespace gensetd::events {
namespace {

profile::ProfilePtr map_of(const std::string& fields) {
  return catalog().parse(R"(
name = "two"
format = 2
title = { en = "Two", ru = "Два" }
device_type = "generator"
protocol = "tcp"
probe_address = 0
tcp = { merge_limit = 125, request_gap_ms = 0, requests_in_flight = 1 }
serial = { merge_limit = 36, request_gap_ms = 50, requests_in_flight = 1 }
no_data = { u16 = "none" }
groups = [{ name = "g", label = { en = "G", ru = "Г" } }]
code_tables = [
  { name = "modes", codes = [
    { value = 1, key = "off", means = "stop", label = { en = "Off", ru = "Откл" } },
    { value = 4, key = "remote", label = { en = "Remote", ru = "Дист" } },
    { value = 7, key = "aut", means = "auto", label = { en = "Automatic", ru = "Авт" } }] },
  { name = "breaker", codes = [
    { value = 1, key = "in", means = "closed", label = { en = "In", ru = "Вкл" } },
    { value = 0, key = "out", means = "open", label = { en = "Out", ru = "Откл" } }] }]
blocks = [{ name = "b", address = 0, count = 40 }]
fields = [
)" + fields + "]\n",
                         "two.toml");
}

std::string coded(const std::string& name, int address, const std::string& codes, const std::string& role) {
  return fmt::format(
      R"({{ name = "{}", address = {}, type = "enum", codes = "{}", role = "{}", group = "g", label = {{ en = "N", ru = "И" }} }},)",
      name, address, codes, role);
}

std::string bit(const std::string& name, int number, const std::string& role) {
  return fmt::format(
      R"({{ name = "{}", address = 30, type = "bit", bit = {}, role = "{}", group = "g", label = {{ en = "N", ru = "И" }} }},)",
      name, number, role);
}

reading::Content content_of(const profile::ProfilePtr& map, std::int64_t ms,
                            std::vector<profile::Value> values) {
  return {.identity = {1, "MKZ", "generator"},
          .profile = map,
          .timestamp = at(ms),
          .at = steady_at(ms),
          .online = true,
          .last_seen = at(ms),
          .last_seen_at = steady_at(ms),
          .values = std::move(values)};
}

// The codes of the changes between two readings with these values, "~" before one that may be older.
std::vector<std::string> codes(const profile::ProfilePtr& map, std::vector<profile::Value> before,
                               std::vector<profile::Value> after) {
  std::vector<std::string> found;
  for (const Change& change : changes_between({shared(content_of(map, 1'000, std::move(before))), {}},
                                              content_of(map, 2'000, std::move(after)), EventFields{*map}))
    found.push_back((change.at_latest ? "~" : "") + std::string{change.code});
  return found;
}

using Codes = std::vector<std::string>;

TEST(EventFields, of_each_role_with_events_have_the_codes_of_the_catalogue) {
  for (const auto& [role, code] : alarm_codes()) {
    const auto map = map_of(bit("x", 0, std::string{profile::row_of(role).name}));
    EXPECT_EQ(codes(map, {0}, {1}), Codes{std::string{code}});
    EXPECT_EQ(code_of(code).kind, EventKind::alarm);
    EXPECT_TRUE(code_of(code).priority.has_value());
  }
  for (const auto& [role, on, off] : bit_codes()) {
    const auto map = map_of(bit("x", 0, std::string{profile::row_of(role).name}));
    EXPECT_EQ(codes(map, {0}, {1}), Codes{std::string{on}});
    EXPECT_EQ(codes(map, {1}, {0}), Codes{std::string{off}});
  }
  EXPECT_EQ(codes(map_of(coded("x", 0, "breaker", "breaker.generator.state")), {0}, {1}),
            Codes{"switch_changed"});
}

TEST(EventFields, have_no_events_by_their_names) {
  const auto map = map_of(
      R"({ name = "alarm_shutdown", address = 30, type = "bit", bit = 0, group = "g", label = { en = "N", ru = "И" } },)" +
      bit("gen_closed", 1, "generator.normal"));
  EXPECT_EQ(codes(map, {0, 0}, {1, 1}), Codes{});
}

TEST(EventFields, of_a_trip_prevent_the_unclassified_alarm) {
  const auto map = map_of(bit("all", 0, "alarm.common") + bit("trip", 1, "alarm.class.safety_trip"));
  EXPECT_EQ(codes(map, {0, 0}, {1, 1}), Codes{"alarm_safety_trip"});
  EXPECT_EQ(codes(map, {0, 0}, {1, 0}), Codes{"alarm_unclassified"});
}

TEST(EventFields, of_a_mode_can_be_one_code) {
  const auto map = map_of(coded("selector", 0, "modes", "mode"));
  EXPECT_EQ(codes(map, {1}, {7}), Codes{"mode_changed"});
  EXPECT_EQ(codes(map, {7}, {7}), Codes{});
  EXPECT_EQ(codes(map, {1}, {4}), Codes{}) << "a code without a meaning is unknown";
  EXPECT_EQ(codes(map, {99}, {7}), Codes{}) << "a code that the table does not contain is unknown";
  EXPECT_EQ(codes(map, {std::nullopt}, {7}), Codes{});
  const auto changes = changes_between({shared(content_of(map, 1'000, {1})), {}}, content_of(map, 2'000, {7}),
                                       EventFields{*map});
  EXPECT_EQ(
      changes.at(0).args,
      R"({"from":"stop","to":"auto","from_en":"stop","from_ru":"стоп","to_en":"automatic","to_ru":"автоматический"})");
}

TEST(EventFields, of_a_mode_do_not_need_the_automatic_mode) {
  const auto map = map_of(bit("hand", 1, "mode.manual") + bit("halt", 2, "mode.stop"));
  EXPECT_EQ(codes(map, {1, 0}, {0, 1}), Codes{"mode_changed"});
  EXPECT_EQ(codes(map, {1, 0}, {0, 0}), Codes{"mode_changed"}) << "unclear";
  LastKnown known{shared(content_of(map, 1'000, {1, 0})), {true, false}};
  EXPECT_TRUE(changes_between(known, content_of(map, 2'000, {0, 1}), EventFields{*map}).at(0).at_latest);
}

}  // namespace
}  // namespace gensetd::events
