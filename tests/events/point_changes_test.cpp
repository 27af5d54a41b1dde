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
  void set_inputs(std::optional<registry::Inputs> inputs) {
    DeviceSite site{.site_id = 1, .site_code = "MKZ"};
    if (inputs) site.inputs = std::make_shared<const registry::Inputs>(*std::move(inputs));
    journal.set_site(1, site, {steady_at(ms), at(ms)});
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

TEST_F(PointEvents, a_point_that_the_map_no_longer_has_returns_and_waits_for_its_acknowledgement) {
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
  EXPECT_EQ(changes(), (Lines{"alarm:shutdown.unknown_to_this_map returned", "alarm_unclassified active"}));
}

TEST_F(PointEvents, an_alarm_that_ended_by_the_summary_begins_anew_when_its_word_is_read_again) {
  const auto is_active = [&](const std::string& code) {
    return std::ranges::any_of(journal.alarms(), [&](const Event* event) {
      return event->code == code && event->state == EventState::active;
    });
  };
  for (const bool is_confirmed : {false, true}) {
    if (is_confirmed) confirm();
    const auto read_alarm = [&](std::optional<std::uint16_t> failing) {
      read({{"alarm_common", 1}, {"alarm_shutdown", 1}, {"alarm_count", 1}}, {{2, oil}}, failing);
    };
    read({}, {});
    read_alarm({});
    read({}, {{2, oil}}, 2);
    EXPECT_FALSE(is_active(shutdown_oil));  // by the summary
    read_alarm(2);
    EXPECT_TRUE(is_active("alarm_shutdown"));  // the name is not known yet
    EXPECT_FALSE(is_active(shutdown_oil));
    read_alarm({});
    EXPECT_TRUE(is_active(shutdown_oil));
    EXPECT_EQ(is_active("alarm_shutdown"), !is_confirmed);
  }
}

TEST_F(PointEvents, a_point_whose_class_changes_with_the_map_is_raised_with_the_new_class) {
  confirm();
  read({}, {});
  const std::string name = "alarm:warning.input_1";
  const std::uint16_t word = 96;
  read({{"alarm_common", 1}, {"alarm_warning", 1}, {"alarm_count", 1}}, {{word, 1}});
  ASSERT_EQ(open(), Lines{name});
  auto changed = std::make_shared<profile::Profile>(*map);
  for (profile::AlarmPoint& point : changed->alarm_points) {
    if (point.code != name) continue;
    point.alarm_class = profile::AlarmClass::shutdown;
    point.priority = 1;
  }
  map = changed;
  changes();
  read({{"alarm_common", 1}, {"alarm_shutdown", 1}, {"alarm_count", 1}}, {{word, 1}});
  ASSERT_EQ(open(), Lines{name});
  EXPECT_EQ(journal.alarms().front()->priority, 1);
  EXPECT_NE(journal.alarms().front()->args.find(R"("class":"shutdown")"), std::string::npos);
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

using registry::InputKind;

registry::Inputs second(InputKind kind) {
  return {{2, {.label = {.en = "Oil tank empty", .ru = "Масляный бак пуст"}, .kind = kind}}};
}

// Words of input 2 in the groups warning and shutdown.
constexpr std::uint16_t warning_word = 96;
constexpr std::uint16_t shutdown_word = 6;
constexpr std::uint16_t input_2 = 2;
const std::string warning_2 = "alarm:warning.input_2";
const std::string shutdown_2 = "alarm:shutdown.input_2";

TEST_F(PointEvents, a_label_of_an_input_replaces_the_text) {
  set_inputs(second(InputKind::alarm));
  read({}, {});
  read({}, {{warning_word, input_2}, {shutdown_word, input_2}});
  EXPECT_EQ(open(), (Lines{shutdown_2, warning_2}));
  const auto alarms = journal.alarms();
  EXPECT_EQ(text_of(*alarms.front(), Language::english),
            "Oil tank empty (register 6, bit 1); reset at the panel");
  EXPECT_EQ(text_of(*alarms.front(), Language::russian),
            "Масляный бак пуст (регистр 6, бит 1); сброс на панели");
  EXPECT_EQ(alarms.back()->priority, 3);
}

TEST_F(PointEvents, a_label_of_another_input_changes_nothing) {
  registry::Inputs inputs{{3, {.label = {.en = "x", .ru = "y"}, .kind = InputKind::spare}}};
  set_inputs(inputs);
  read({}, {});
  read({}, {{warning_word, input_2}});
  EXPECT_EQ(open(), Lines{warning_2});
  EXPECT_EQ(text_of(*journal.alarms().front(), Language::english), "Digital Input 2 (register 96, bit 1)");
}

TEST_F(PointEvents, a_status_is_an_event_without_priority_when_it_turns_on) {
  set_inputs(second(InputKind::status));
  read({}, {});
  read({}, {{warning_word, input_2}});
  const auto events = journal.take_changes();
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events.front().code, warning_2);
  EXPECT_EQ(events.front().priority, std::nullopt);
  EXPECT_EQ(events.front().state, EventState::closed);
  EXPECT_EQ(text_of(events.front(), Language::english), "Oil tank empty (register 96, bit 1)");
  read({}, {});
  EXPECT_EQ(changes(), Lines{});
  EXPECT_EQ(open(), Lines{});
}

TEST_F(PointEvents, a_status_that_was_on_before_the_start_is_no_event) {
  set_inputs(second(InputKind::status));
  read({}, {{warning_word, input_2}});
  EXPECT_EQ(changes(), Lines{});
}

TEST_F(PointEvents, a_spare_input_is_ignored) {
  set_inputs(second(InputKind::spare));
  read({}, {});
  read({}, {{warning_word, input_2}});
  read({}, {});
  EXPECT_EQ(changes(), Lines{});
}

TEST_F(PointEvents, an_input_that_stops_the_set_is_reported_whatever_its_kind) {
  for (const InputKind kind : {InputKind::status, InputKind::spare}) {
    set_inputs(second(kind));
    read({}, {});
    changes();
    read({}, {{shutdown_word, input_2}});
    EXPECT_EQ(changes().back(), shutdown_2 + " active");
    EXPECT_EQ(journal.alarms().front()->priority, 1);
  }
}

TEST_F(PointEvents, each_class_but_warnings_and_indications_is_reported_whatever_its_kind) {
  for (std::size_t index = 0; index < profile::alarm_class_count; ++index) {
    const auto alarm_class = static_cast<profile::AlarmClass>(index);
    const profile::AlarmPoint point{.alarm_class = alarm_class, .priority = 1, .input = 2};
    const registry::Inputs spare = second(InputKind::spare);
    const bool may_be_spare =
        alarm_class == profile::AlarmClass::warning || alarm_class == profile::AlarmClass::indication;
    EXPECT_EQ(kind_of(point, &spare), may_be_spare ? InputKind::spare : InputKind::alarm) << index;
    EXPECT_EQ(priority_of(point, &spare).has_value(), !may_be_spare) << index;
  }
}

TEST_F(PointEvents, an_alarm_whose_input_becomes_a_status_or_spare_is_closed) {
  for (const InputKind kind : {InputKind::status, InputKind::spare}) {
    set_inputs(std::nullopt);
    read({}, {});
    read({}, {{warning_word, input_2}});
    changes();
    set_inputs(second(kind));
    EXPECT_EQ(changes(), Lines{warning_2 + " closed"});
    read({}, {{warning_word, input_2}});
    EXPECT_EQ(changes(), Lines{});
    read({}, {});
    changes();
  }
}

TEST_F(PointEvents, an_alarm_of_an_earlier_run_whose_input_is_spare_now_is_closed) {
  const Event earlier{.id = 7,
                      .device_id = 1,
                      .site_id = 1,
                      .site_code = "MKZ",
                      .kind = EventKind::alarm,
                      .priority = 3,
                      .code = warning_2,
                      .state = EventState::active,
                      .onset = at(-1'000)};
  journal.restore({earlier}, {}, steady_at(0));
  set_inputs(second(InputKind::spare));
  EXPECT_EQ(open(), Lines{warning_2});  // its register map is not known yet
  read({}, {{warning_word, input_2}});
  EXPECT_EQ(open(), Lines{});
}

TEST_F(PointEvents, an_input_that_is_spare_between_two_readings_is_an_alarm_anew) {
  for (const auto& inputs : {std::optional<registry::Inputs>{}, std::optional{second(InputKind::alarm)}}) {
    set_inputs(inputs);
    read({}, {});
    read({}, {{warning_word, input_2}});
    changes();
    set_inputs(second(InputKind::spare));
    EXPECT_EQ(changes(), Lines{warning_2 + " closed"});
    set_inputs(inputs);
    read({}, {{warning_word, input_2}});
    EXPECT_EQ(changes(), Lines{warning_2 + " active"});
  }
}

TEST_F(PointEvents, a_point_that_stands_is_raised_when_its_input_becomes_an_alarm) {
  set_inputs(second(InputKind::spare));
  read({}, {});
  read({}, {{warning_word, input_2}});
  changes();
  set_inputs(second(InputKind::alarm));
  EXPECT_EQ(changes(), Lines{});
  read({}, {{warning_word, input_2}});
  EXPECT_EQ(changes(), Lines{warning_2 + " active"});
}

TEST_F(PointEvents, a_new_label_is_the_text_of_new_events_only) {
  read({}, {});
  read({}, {{warning_word, input_2}});
  set_inputs(second(InputKind::alarm));
  read({}, {{warning_word, input_2}});
  EXPECT_EQ(changes(), Lines{warning_2 + " active"});
  EXPECT_EQ(text_of(*journal.alarms().front(), Language::english), "Digital Input 2 (register 96, bit 1)");
  read({}, {});
  read({}, {{warning_word, input_2}});
  EXPECT_EQ(text_of(*journal.alarms().front(), Language::english), "Oil tank empty (register 96, bit 1)");
}

TEST_F(PointEvents, a_spare_input_does_not_hide_its_class) {
  confirm();
  read({}, {});
  const Words words{{warning_word, input_2}};
  read({{"alarm_common", 1}, {"alarm_warning", 1}, {"alarm_count", 1}}, words);
  EXPECT_EQ(open(), Lines{warning_2});
  set_inputs(second(InputKind::spare));
  read({{"alarm_common", 1}, {"alarm_warning", 1}, {"alarm_count", 1}}, words);
  EXPECT_EQ(open(), Lines{"alarm_warning"});
  set_inputs(second(InputKind::alarm));
  read({{"alarm_common", 1}, {"alarm_warning", 1}, {"alarm_count", 1}}, words);
  EXPECT_EQ(open(), Lines{warning_2});
}

}  // namespace
}  // namespace gensetd::events
