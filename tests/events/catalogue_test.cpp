#include "events/catalogue.hpp"

#include "registry/alarm_notes.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string_view>
#include <vector>

namespace gensetd::events {
namespace {

TEST(Catalogue, every_code_is_unique_with_both_texts_and_the_same_placeholders) {
  std::set<std::string_view> seen;
  for (const EventCode& code : catalogue()) {
    EXPECT_TRUE(seen.insert(code.code).second) << code.code;
    EXPECT_FALSE(code.en.empty());
    EXPECT_FALSE(code.ru.empty());
    EXPECT_EQ(std::ranges::count(code.en, '{'), std::ranges::count(code.ru, '{')) << code.code;
    EXPECT_EQ(code.priority.has_value(),
              code.code == "device_offline" || code.code == "site_offline" ||
                  (code.kind == EventKind::alarm && code.code != "alarm_count_changed"));
  }
  EXPECT_THROW(code_of("no_such_code"), std::logic_error);
}

TEST(Catalogue, notes_of_a_site_accept_the_same_codes) {
  std::vector<std::string_view> codes;
  for (const EventCode& code : catalogue()) codes.push_back(code.code);
  const auto accepted = registry::catalogue_codes();
  EXPECT_EQ(codes, std::vector<std::string_view>(accepted.begin(), accepted.end()));
}

TEST(Catalogue, placeholders_of_a_text_are_replaced) {
  Event event{.code = "alarm_count_changed", .args = R"({"from":1,"to":3})"};
  EXPECT_EQ(text_of(event, Language::english), "Alarms on the controller: 1 → 3");
  event.args = R"({"from":1})";
  EXPECT_EQ(text_of(event, Language::russian), "Аварий на контроллере: 1 → {to}");
  EXPECT_EQ(text_of({.code = "device_offline", .args = R"({"error":"no {answer}"})"}, Language::english),
            "No connection: no {answer}");
  EXPECT_EQ(text_of({.code = "of_tomorrow"}, Language::english), "of_tomorrow");
}

TEST(Catalogue, json_contains_every_member) {
  const Event event{.id = 5,
                    .device_id = 13,
                    .site_id = 3,
                    .site_code = "M\"KZ",
                    .kind = EventKind::alarm,
                    .priority = 1,
                    .code = "alarm_shutdown",
                    .args = R"({"field":"alarm_shutdown"})",
                    .state = EventState::acknowledged,
                    .onset = Timestamp{std::chrono::milliseconds{1'500}},
                    .onset_at_latest = true,
                    .acknowledged_at = Timestamp{std::chrono::milliseconds{2'000}},
                    .acknowledged_by = "Иван"};
  EXPECT_EQ(to_json(event),
            R"({"id":5,"device_id":13,"site_id":3,"site_code":"M\"KZ","kind":"alarm","priority":1,)"
            R"("code":"alarm_shutdown","args":{"field":"alarm_shutdown"},"state":"acknowledged",)"
            R"("onset":"1970-01-01T00:00:01.500Z","onset_at_latest":true,"returned_at":null,)"
            R"("acknowledged_at":"1970-01-01T00:00:02.000Z","acknowledged_by":"Иван"})");
  EXPECT_NE(to_json({.kind = EventKind::gateway}).find(R"("device_id":null,"site_id":null,"site_code":null)"),
            std::string::npos);
}

}  // namespace
}  // namespace gensetd::events
