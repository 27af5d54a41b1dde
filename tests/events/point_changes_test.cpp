#include "events/point_changes.hpp"

#include "events/catalogue.hpp"
#include "events/journal.hpp"
#include "readings.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

// Alarms by name: what the journal makes of alarm words.
namespace gensetd::events {
namespace {

using std::chrono::seconds;
using Lines = std::vector<std::string>;

// The raw values of words, by address; empty: unknown.
using Words = std::map<std::uint16_t, std::optional<std::uint16_t>>;

class PointEvents : public testing::Test {
 protected:
  PointEvents() { journal.begin({{1, {.site_id = 1, .site_code = "MKZ"}}}, at(0)); }

  // A good reading. Words that `words` do not name are 0.
  void read(Given values, const Words& words, std::optional<std::uint16_t> failing = {}) {
    reading::Content content = good(1, ms += 1'000, values);
    content.profile = map;
    reading::AlarmWords all(map->alarm_words.size());
    for (std::size_t index = 0; index < all.size(); ++index) {
      const std::uint16_t address = map->alarm_words[index].place.address;
      const auto given = words.find(address);
      all[index].raw = given == words.end() ? std::optional<std::uint16_t>{0} : given->second;
      if (all[index].raw) all[index].read_at = content.timestamp;
      all[index].is_failing = failing == address;
    }
    content.alarm_words = std::make_shared<const reading::AlarmWords>(std::move(all));
    last = shared(content);
    journal.process(last);
  }

  Lines changes() {
    Lines all;
    for (const Event& event : journal.take_changes())
      all.push_back(event.code + " " + std::string{to_word(event.state)});
    return all;
  }
  Lines open() {
    Lines all;
    for (const Event* event : journal.alarms()) all.push_back(event->code);
    return all;
  }
  // The map with all alarms confirmed.
  void confirm() {
    auto confirmed = std::make_shared<profile::Profile>(*map);
    for (profile::AlarmPoint& point : confirmed->alarm_points) point.is_confirmed = true;
    map = confirmed;
  }

  profile::ProfilePtr map = catalog().find("hgm9520n");
  Journal journal{seconds{30}};
  ContentPtr last;
  std::int64_t ms = 0;
};

constexpr std::uint16_t oil = 1U << 13U;  // of word 1 of each group
const std::string shutdown_oil = "alarm:shutdown.low_oil_pressure";

TEST_F(PointEvents, a_shutdown_has_the_name_of_its_cause_beside_the_class) {
  read({}, {});
  read({{"alarm_common", 1}, {"alarm_shutdown", 1}}, {{2, oil}});
  EXPECT_EQ(changes(), (Lines{"alarm_shutdown active", shutdown_oil + " active"}));
  const Event& event = *journal.alarms().back();
  EXPECT_EQ(event.priority, 1);
  EXPECT_EQ(event.kind, EventKind::alarm);
  EXPECT_EQ(text_of(event, Language::english), "Low Oil Pressure (register 2, bit 13); reset at the panel");
  EXPECT_EQ(text_of(event, Language::russian), "Низкое давление масла (регистр 2, бит 13); сброс на панели");
  read({}, {});
  EXPECT_EQ(changes(), (Lines{"alarm_shutdown returned", shutdown_oil + " returned"}));
}

TEST_F(PointEvents, a_bit_without_a_name_is_reported_by_its_place) {
  read({}, {});
  read({{"alarm_common", 1}, {"alarm_block", 1}}, {{78, 1U << 9U}});
  EXPECT_EQ(changes(), (Lines{"alarm_block active", "alarm:block.word_2_bit_9 active"}));
  EXPECT_EQ(text_of(*journal.alarms().back(), Language::english),
            "Alarm without a name in the register map (register 78, bit 9)");
}

TEST_F(PointEvents, an_unread_word_neither_raises_nor_clears) {
  read({}, {});
  read({{"alarm_common", 1}, {"alarm_shutdown", 1}}, {{2, std::nullopt}});
  EXPECT_EQ(open(), Lines{"alarm_shutdown"});
  read({{"alarm_common", 1}, {"alarm_shutdown", 1}}, {{2, oil}});
  EXPECT_EQ(open(), (Lines{"alarm_shutdown", shutdown_oil}));
  // The word keeps its value while it is not read.
  read({{"alarm_common", 1}, {"alarm_shutdown", 1}}, {{2, oil}}, 2);
  EXPECT_EQ(open(), (Lines{"alarm_shutdown", shutdown_oil}));
}

TEST_F(PointEvents, a_point_that_cannot_be_read_ends_by_the_summary) {
  read({}, {});
  read({{"alarm_common", 1}, {"alarm_shutdown", 1}}, {{2, oil}});
  changes();
  read({{"alarm_common", 0}, {"alarm_shutdown", 0}}, {{2, oil}});
  EXPECT_EQ(changes(), Lines{"alarm_shutdown returned"});  // one more read follows
  read({{"alarm_common", 1}}, {{2, oil}}, 2);
  EXPECT_EQ(open().size(), 3U);  // the common bit is set
  read({{"alarm_common", 0}, {"alarm_shutdown", 0}}, {{2, oil}}, 2);
  bool is_by_summary = false;
  for (const Event& event : journal.take_changes())
    is_by_summary = is_by_summary || (event.code == shutdown_oil && event.state == EventState::returned &&
                                      event.args.find("\"by_summary\":true") != std::string::npos);
  EXPECT_TRUE(is_by_summary);
}

TEST_F(PointEvents, a_point_of_an_earlier_run_ends_by_the_summary_or_stays) {
  const Event earlier{.id = 7,
                      .device_id = 1,
                      .site_id = 1,
                      .site_code = "MKZ",
                      .kind = EventKind::alarm,
                      .priority = 1,
                      .code = shutdown_oil,
                      .state = EventState::active,
                      .onset = at(-1'000)};
  journal.restore({earlier}, {}, steady_at(0));
  read({{"alarm_common", 1}}, {{2, std::nullopt}});
  EXPECT_EQ(journal.alarms().front()->state, EventState::active);
  read({{"alarm_common", std::nullopt}}, {{2, std::nullopt}});
  EXPECT_EQ(journal.alarms().front()->state, EventState::active);
  read({{"alarm_common", 0}}, {{2, std::nullopt}});
  EXPECT_EQ(journal.alarms().front()->state, EventState::returned);
}

TEST_F(PointEvents, a_point_that_the_map_no_longer_has_is_closed) {
  const Event earlier{.id = 7,
                      .device_id = 1,
                      .site_id = 1,
                      .kind = EventKind::alarm,
                      .priority = 1,
                      .code = "alarm:shutdown.unknown_to_this_map",
                      .state = EventState::active,
                      .onset = at(-1'000)};
  journal.restore({earlier}, {}, steady_at(0));
  read({{"alarm_common", 1}}, {{2, std::nullopt}});
  EXPECT_EQ(open(), Lines{"alarm_unclassified"});
}

// Register 92, bit 13 is low oil pressure of the group warning, which standing engines report too.
TEST_F(PointEvents, some_points_are_reported_only_while_the_engine_runs) {
  const std::string warning_oil = "alarm:warning.low_oil_pressure";
  const auto is_open = [&] { return std::ranges::count(open(), warning_oil) == 1; };
  read({{"gen_status", 0}}, {});
  read({{"alarm_common", 1}, {"gen_status", 0}}, {{92, oil}});
  EXPECT_FALSE(is_open());  // it stands
  read({{"alarm_common", 1}, {"gen_status", std::nullopt}}, {{92, oil}});
  EXPECT_FALSE(is_open());  // unknown: nothing begins
  read({{"alarm_common", 1}, {"gen_status", 9}}, {{92, oil}});
  EXPECT_TRUE(is_open());
  read({{"alarm_common", 1}, {"gen_status", std::nullopt}}, {{92, oil}});
  EXPECT_TRUE(is_open());  // unknown: nothing ends
  read({{"alarm_common", 1}, {"gen_status", 12}}, {{92, oil}});
  EXPECT_EQ(journal.alarms().back()->state, EventState::returned);
}

TEST_F(PointEvents, an_unconfirmed_point_never_hides_its_class) {
  read({}, {});
  read({{"alarm_common", 1}, {"alarm_shutdown", 1}, {"alarm_count", 1}}, {{2, oil}});
  EXPECT_EQ(open(), (Lines{"alarm_shutdown", shutdown_oil}));
}

TEST_F(PointEvents, a_confirmed_point_covers_its_class) {
  confirm();
  read({}, {});
  read({{"alarm_common", 1}, {"alarm_shutdown", 1}, {"alarm_count", 1}}, {{2, oil}});
  EXPECT_EQ(open(), Lines{shutdown_oil});
}

TEST_F(PointEvents, a_class_alarm_is_closed_when_its_name_is_read_later) {
  confirm();
  read({}, {});
  read({{"alarm_common", 1}, {"alarm_shutdown", 1}, {"alarm_count", 1}}, {{2, std::nullopt}});
  EXPECT_EQ(open(), Lines{"alarm_shutdown"});
  read({{"alarm_common", 1}, {"alarm_shutdown", 1}, {"alarm_count", 1}}, {{2, oil}});
  EXPECT_EQ(open(), Lines{shutdown_oil});
  // The name cannot be read any more: the class alarm is raised again.
  read({{"alarm_common", 1}, {"alarm_shutdown", 1}, {"alarm_count", 1}}, {{2, oil}}, 2);
  EXPECT_EQ(open(), (Lines{shutdown_oil, "alarm_shutdown"}));
}

TEST_F(PointEvents, a_confirmed_point_does_not_cover_more_alarms_than_are_named) {
  confirm();
  read({}, {});
  read({{"alarm_common", 1}, {"alarm_shutdown", 1}, {"alarm_count", 2}}, {{2, oil}});
  EXPECT_EQ(open(), (Lines{"alarm_shutdown", shutdown_oil}));
}

TEST_F(PointEvents, a_confirmed_point_of_another_class_covers_nothing) {
  confirm();
  read({}, {});
  read({{"alarm_common", 1}, {"alarm_shutdown", 1}, {"alarm_count", 1}}, {{81, 1}});
  EXPECT_EQ(open(), (Lines{"alarm_shutdown", "alarm:block.input_1"}));
}

}  // namespace
}  // namespace gensetd::events
