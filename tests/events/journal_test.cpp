#include "events/journal.hpp"

#include "readings.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

namespace gensetd::events {
namespace {

using std::chrono::seconds;

const DeviceSite mkz{.site_id = 1, .site_code = "MKZ"};
const DeviceSite ykz{.site_id = 2, .site_code = "YKZ"};

// "device_offline 1 active", with the site for one of a whole site.
std::string shown(const Event& event) {
  const std::string subject = event.device_id ? std::to_string(*event.device_id) : event.site_code;
  return event.code + " " + subject + " " + std::string{to_word(event.state)};
}

// Both clocks agree.
ClockPair moment(std::int64_t ms) { return {steady_at(ms), at(ms)}; }

class JournalTest : public testing::Test {
 protected:
  JournalTest() { journal.begin({{1, mkz}, {2, mkz}, {3, mkz}, {4, ykz}}, at(0)); }

  std::vector<std::string> changes() {
    std::vector<std::string> all;
    for (const Event& event : journal.take_changes()) all.push_back(shown(event));
    return all;
  }
  // A reading of `device` that differs from the last one by `values`.
  void read(std::int64_t device, std::int64_t ms, Given values = {}) {
    last_.insert_or_assign(device, good(device, ms, values));
    journal.process(shared(last_.at(device)));
  }
  void lose(std::int64_t device, std::int64_t ms) {
    journal.process(shared(last_.contains(device) ? offline(last_.at(device), ms) : never_read(device, ms)));
  }
  void read_all(std::int64_t ms) {
    for (const std::int64_t device : {1, 2, 3, 4}) read(device, ms);
  }
  std::vector<std::string> open() {
    std::vector<std::string> all;
    for (const Event* event : journal.alarms()) all.push_back(shown(*event));
    return all;
  }

  Journal journal{seconds{30}};

 private:
  std::map<std::int64_t, reading::Content> last_;
};

using Lines = std::vector<std::string>;

TEST_F(JournalTest, alarm_is_active_returned_and_closed_when_acknowledged) {
  read(1, 1'000);
  read(1, 3'000, {{"alarm_shutdown", 1}, {"alarm_common", 1}});
  read(1, 5'000, {{"alarm_shutdown", 1}, {"alarm_common", 1}});
  EXPECT_EQ(changes(), Lines{"alarm_shutdown 1 active"});
  const Event alarm = *journal.alarms().front();
  EXPECT_EQ(alarm.onset, at(3'000));
  EXPECT_FALSE(alarm.onset_at_latest);
  EXPECT_EQ(alarm.priority, 1);
  read(1, 7'000);
  EXPECT_EQ(changes(), Lines{"alarm_shutdown 1 returned"});
  const auto acknowledged = journal.acknowledge(alarm.id, "Anna", at(9'000));
  EXPECT_EQ(shown(std::get<Event>(acknowledged)), "alarm_shutdown 1 closed");
  EXPECT_EQ(std::get<Event>(acknowledged).acknowledged_by, "Anna");
  EXPECT_EQ(std::get<Event>(acknowledged).returned_at, at(7'000));
  EXPECT_EQ(open(), Lines{});
  EXPECT_EQ(std::get<AcknowledgeError>(journal.acknowledge(alarm.id, "", at(9'000))),
            AcknowledgeError::unknown);
}

TEST_F(JournalTest, acknowledged_alarm_is_closed_when_it_returns_to_normal) {
  read(1, 1'000, {{"alarm_block", 1}});
  const std::int64_t id = journal.alarms().front()->id;
  EXPECT_TRUE(journal.alarms().front()->onset_at_latest);
  journal.acknowledge(id, "", at(2'000));
  EXPECT_EQ(std::get<AcknowledgeError>(journal.acknowledge(id, "", at(3'000))),
            AcknowledgeError::acknowledged_already);
  read(1, 4'000);
  EXPECT_EQ(changes(), (Lines{"alarm_block 1 active", "alarm_block 1 acknowledged", "alarm_block 1 closed"}));
}

TEST_F(JournalTest, alarm_raised_again_closes_the_unacknowledged_one) {
  for (int count = 0; count < 100; ++count) {
    read(1, 1'000 + count * 2'000, {{"alarm_warning", 1}});
    read(1, 2'000 + count * 2'000);
  }
  EXPECT_EQ(open(), Lines{"alarm_warning 1 returned"});
  EXPECT_EQ(journal.alarms_of_last(10, steady_at(200'000)), 100U);
  std::set<std::int64_t> ids;
  for (const Event& event : journal.take_changes()) ids.insert(event.id);
  EXPECT_EQ(ids.size(), 100U);
}

TEST_F(JournalTest, classified_alarm_replaces_the_unclassified_one) {
  read(1, 1'000);
  read(1, 2'000, {{"alarm_common", 1}});
  read(1, 3'000, {{"alarm_common", 1}, {"alarm_warning", 1}});
  EXPECT_EQ(open(), Lines{"alarm_warning 1 active"});
}

TEST_F(JournalTest, offline_device_is_an_alarm_after_the_delay_with_the_time_of_its_loss_as_onset) {
  read_all(1'000);
  lose(1, 5'000);
  for (int second = 6; second < 35; ++second) journal.tick(steady_at(second * 1'000));
  EXPECT_EQ(changes(), Lines{});
  journal.tick(steady_at(35'000));
  EXPECT_EQ(changes(), Lines{"device_offline 1 active"});
  EXPECT_EQ(journal.alarms().front()->onset, at(5'000));
  EXPECT_EQ(journal.alarms().front()->args, R"({"error":"no answer"})");
  journal.tick(steady_at(99'000));
  read(1, 100'000);
  EXPECT_EQ(changes(), Lines{"device_offline 1 returned"});
}

TEST_F(JournalTest, short_interruption_is_one_event) {
  read_all(1'000);
  lose(1, 5'000);
  lose(1, 10'000);
  read(1, 17'500);
  journal.tick(steady_at(99'000));
  const auto events = journal.take_changes();
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(shown(events[0]), "device_interrupted 1 closed");
  EXPECT_EQ(events[0].onset, at(5'000));
  EXPECT_EQ(events[0].returned_at, at(17'500));
  EXPECT_EQ(events[0].args, R"({"error":"no answer","seconds":13})");
  EXPECT_EQ(events[0].priority, std::nullopt);
}

TEST_F(JournalTest, device_that_was_not_read_before_was_not_interrupted) {
  lose(1, 1'000);
  read(1, 2'000);
  journal.process(shared(never_read(1, 3'000)));  // its address was changed
  read(1, 4'000);
  EXPECT_EQ(changes(), Lines{});
  journal.process(shared(never_read(1, 5'000)));
  journal.tick(steady_at(35'000));
  EXPECT_EQ(changes(), Lines{"device_offline 1 active"});
}

TEST_F(JournalTest, site_that_goes_offline_at_once_is_one_alarm) {
  read_all(1'000);
  lose(1, 5'000);
  lose(2, 9'000);
  lose(3, 15'000);
  for (int second = 16; second < 90; ++second) journal.tick(steady_at(second * 1'000));
  EXPECT_EQ(changes(), Lines{"site_offline MKZ active"});
  EXPECT_EQ(journal.alarms().front()->args, R"({"devices":[1,2,3],"count":3})");
  EXPECT_EQ(journal.alarms().front()->onset, at(5'000));
  EXPECT_EQ(journal.alarms().front()->priority, 4);
  // One device is enough; those that stay offline have their own delay from then on.
  read(2, 95'000);
  EXPECT_EQ(changes(), Lines{"site_offline MKZ returned"});
  journal.tick(steady_at(124'999));
  EXPECT_EQ(changes(), Lines{});
  read(3, 124'999);
  journal.tick(steady_at(125'000));
  EXPECT_EQ(changes(), (Lines{"device_interrupted 3 closed", "device_offline 1 active"}));
}

TEST_F(JournalTest, devices_that_go_offline_one_by_one_have_alarms_of_their_own) {
  read_all(1'000);
  lose(1, 5'000);
  lose(2, 16'000);
  lose(3, 40'000);
  for (int second = 16; second < 99; ++second) journal.tick(steady_at(second * 1'000));
  EXPECT_EQ(changes(),
            (Lines{"device_offline 1 active", "device_offline 2 active", "device_offline 3 active"}));
}

TEST_F(JournalTest, single_device_of_a_site_has_no_alarm_of_the_site) {
  read_all(1'000);
  lose(4, 2'000);
  journal.tick(steady_at(60'000));
  EXPECT_EQ(changes(), Lines{"device_offline 4 active"});
}

TEST_F(JournalTest, short_delay_waits_for_the_other_devices_of_the_site) {
  Journal quick{seconds{0}};
  quick.begin({{1, mkz}, {2, mkz}}, at(0));
  for (const std::int64_t device : {1, 2}) quick.process(shared(good(device, 1'000)));
  quick.process(shared(offline(good(1, 1'000), 2'000)));
  quick.process(shared(offline(good(2, 1'000), 2'500)));
  quick.tick(steady_at(3'000));
  const auto events = quick.take_changes();
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].code, "site_offline");
}

TEST_F(JournalTest, removed_and_deactivated_devices_have_no_alarms) {
  read(1, 1'000, {{"alarm_block", 1}});
  lose(2, 1'000);
  journal.tick(steady_at(60'000));
  changes();
  journal.set_site(1, std::nullopt, moment(61'000));
  journal.set_site(2, std::nullopt, moment(61'000));
  EXPECT_EQ(changes(), (Lines{"alarm_block 1 closed", "device_offline 2 closed"}));
  EXPECT_EQ(open(), Lines{});
  journal.process(shared(good(1, 70'000, {{"alarm_block", 1}})));  // its last reading arrives late
  EXPECT_EQ(changes(), Lines{});
}

TEST_F(JournalTest, outage_of_a_site_ends_with_its_last_device) {
  read_all(1'000);
  for (const std::int64_t device : {1, 2, 3}) lose(device, 2'000);
  journal.tick(steady_at(40'000));
  ASSERT_EQ(open(), Lines{"site_offline MKZ active"});
  changes();
  journal.set_site(1, ykz, moment(50'000));
  journal.set_site(2, std::nullopt, moment(50'000));
  EXPECT_EQ(open(), Lines{"site_offline MKZ active"});
  journal.set_site(3, ykz, moment(50'000));
  EXPECT_EQ(changes(), Lines{"site_offline MKZ closed"});
}

TEST_F(JournalTest, device_that_responds_ends_the_outage_of_the_site_to_which_it_moves) {
  read_all(1'000);
  for (const std::int64_t device : {1, 2, 3}) lose(device, 2'000);
  journal.tick(steady_at(40'000));
  changes();
  journal.set_site(4, mkz, moment(50'000));
  EXPECT_EQ(changes(), Lines{"site_offline MKZ returned"});
  journal.tick(steady_at(80'000));
  EXPECT_EQ(changes(),
            (Lines{"device_offline 1 active", "device_offline 2 active", "device_offline 3 active"}));
}

TEST_F(JournalTest, device_that_moves_keeps_its_alarms_and_counts_for_its_new_site) {
  read_all(1'000);
  read(3, 2'000, {{"alarm_block", 1}});
  changes();
  journal.set_site(3, ykz, moment(3'000));
  EXPECT_EQ(changes(), Lines{});
  for (const std::int64_t device : {1, 2}) lose(device, 4'000);
  lose(4, 4'000);
  journal.tick(steady_at(40'000));
  EXPECT_EQ(open(), (Lines{"alarm_block 3 active", "site_offline MKZ active", "device_offline 4 active"}));
}

TEST_F(JournalTest, alarms_of_an_earlier_run_are_closed_for_devices_that_no_longer_exist) {
  read_all(1'000);
  read(1, 2'000, {{"alarm_block", 1}});
  lose(4, 4'000);
  journal.tick(steady_at(60'000));
  std::vector<Event> left;
  for (const Event* event : journal.alarms()) left.push_back(*event);
  ASSERT_EQ(left.size(), 2U);
  Journal again{seconds{30}};
  again.restore(left, {}, steady_at(70'000));
  again.begin({{1, mkz}}, at(70'000));
  const auto events = again.take_changes();
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(shown(events.front()), "device_offline 4 closed");
}

TEST_F(JournalTest, worst_alarm_is_first_and_then_the_oldest) {
  read_all(1'000);
  read(1, 3'000, {{"alarm_warning", 1}});
  read(2, 4'000, {{"alarm_warning", 1}});
  read(3, 5'000, {{"alarm_shutdown", 1}});
  EXPECT_EQ(open(), (Lines{"alarm_shutdown 3 active", "alarm_warning 1 active", "alarm_warning 2 active"}));
}

// The open alarms of an earlier run are restored.
TEST_F(JournalTest, restart_makes_no_second_onset_and_ends_alarms_that_are_over) {
  read_all(1'000);
  read(1, 2'000, {{"alarm_shutdown", 1}, {"alarm_common", 1}});
  read(2, 3'000, {{"alarm_block", 1}, {"alarm_common", 1}});
  lose(4, 4'000);
  journal.tick(steady_at(60'000));
  std::vector<Event> open_before;
  for (const Event* event : journal.alarms()) open_before.push_back(*event);
  Journal again{seconds{30}};
  again.ids().add(70'001);
  again.restore(open_before, {seconds{68}, seconds{67}, seconds{66}}, steady_at(70'000));
  again.begin({{1, mkz}, {2, mkz}, {3, mkz}, {4, ykz}}, at(70'000));
  again.process(shared(good(1, 71'000, {{"alarm_shutdown", 1}, {"alarm_common", 1}})));  // still active
  again.process(shared(good(2, 71'000)));                                                // ended meanwhile
  again.process(shared(good(3, 71'000, {{"alarm_warning", 1}, {"alarm_common", 1}})));   // began meanwhile
  again.process(shared(never_read(4, 71'000)));                                          // still offline
  again.tick(steady_at(200'000));
  std::vector<std::string> changed;
  for (const Event& event : again.take_changes()) {
    changed.push_back(shown(event));
    if (event.code == "alarm_warning") {
      EXPECT_TRUE(event.onset_at_latest);
      EXPECT_GE(event.id, 70'001);
      EXPECT_LE(event.id, 71'000);
    }
  }
  EXPECT_EQ(changed, (Lines{"alarm_block 2 returned", "alarm_warning 3 active"}));
  EXPECT_EQ(again.open_alarms(), 4U);
  EXPECT_EQ(again.alarms_of_last(1'440, steady_at(71'000)), 4U);
}

TEST_F(JournalTest, restart_during_the_outage_of_a_site_continues_it) {
  read_all(1'000);
  for (const std::int64_t device : {1, 2, 3}) lose(device, 2'000);
  journal.tick(steady_at(40'000));
  Journal again{seconds{30}};
  again.restore({*journal.alarms().front()}, {}, steady_at(50'000));
  again.begin({{1, mkz}, {2, mkz}, {3, mkz}, {4, ykz}}, at(50'000));
  for (const std::int64_t device : {1, 2, 3}) again.process(shared(never_read(device, 51'000)));
  again.tick(steady_at(200'000));
  EXPECT_TRUE(again.take_changes().empty());
  again.process(shared(good(1, 201'000)));
  const auto events = again.take_changes();
  ASSERT_FALSE(events.empty());
  EXPECT_EQ(shown(events.front()), "site_offline MKZ returned");
}

TEST_F(JournalTest, register_map_without_the_alarm_ends_it) {
  read(1, 1'000, {{"alarm_block", 1}});
  journal.process(shared(good(1, 2'000, {}, "hgm9560")));
  ASSERT_EQ(journal.alarms().size(), 1U);
  EXPECT_EQ(journal.alarms().front()->state, EventState::returned);
}

TEST_F(JournalTest, ten_thousand_devices_with_simultaneous_alarms_have_ten_thousand_alarms) {
  PolledDevices devices;
  for (std::int64_t device = 1; device <= 10'000; ++device)
    devices.emplace(device, DeviceSite{device / 4, "S"});
  Journal large{seconds{30}};
  large.begin(devices, at(0));
  for (std::int64_t device = 1; device <= 10'000; ++device) large.process(shared(good(device, 1'000)));
  for (std::int64_t device = 1; device <= 10'000; ++device)
    large.process(shared(good(device, 2'000, {{"alarm_shutdown", 1}, {"alarm_common", 1}})));
  EXPECT_EQ(large.open_alarms(), 10'000U);
  for (std::int64_t device = 1; device <= 10'000; ++device)
    large.process(shared(offline(good(device, 2'000), 3'000)));
  large.tick(steady_at(40'000));
  EXPECT_EQ(large.open_alarms(),
            10'000U + 2'501U);  // and each site once (the first and the last have one device less)
  std::vector<const Event*> in_parts;
  for (auto part = large.alarms_after(std::nullopt, 128); !part.empty();
       part = large.alarms_after(position_of(*in_parts.back()), 128)) {
    EXPECT_LE(part.size(), 128U);
    in_parts.insert(in_parts.end(), part.begin(), part.end());
  }
  EXPECT_EQ(in_parts, large.alarms());
}

// A wall clock that is set while the steady clock continues. Times in the tests are those of the steady
// clock; the wall clock is ahead by `set_by`.
class JournalWithTwoClocks : public testing::TestWithParam<std::int64_t> {
 protected:
  JournalWithTwoClocks() {
    journal.begin({{1, mkz}, {2, mkz}, {3, mkz}, {4, ykz}}, at(wall(0)));
    for (const std::int64_t device : {1, 2, 3, 4}) read(device, 1'000);
  }

  static constexpr std::int64_t day_ms = 86'400'000;
  std::int64_t wall(std::int64_t ms) const { return 1'000 * day_ms + ms + set_by; }
  reading::Content dated(reading::Content content, std::int64_t ms) const {
    const bool is_fresh = content.is_fresh();
    content.timestamp = at(wall(ms));
    if (is_fresh) content.last_seen = content.timestamp;
    return content;
  }
  void read(std::int64_t device, std::int64_t ms, Given values = {}) {
    last.insert_or_assign(device, dated(good(device, ms, values), ms));
    journal.process(shared(last.at(device)));
  }
  void lose(std::int64_t device, std::int64_t ms) {
    journal.process(shared(dated(offline(last.at(device), ms), ms)));
  }
  void tick_until(std::int64_t ms) {
    for (; ticked < ms; ticked += 1'000) journal.tick(steady_at(ticked));
  }
  std::vector<std::string> changes() {
    std::vector<std::string> all;
    for (const Event& event : journal.take_changes()) all.push_back(shown(event));
    return all;
  }

  Journal journal{seconds{30}};
  std::int64_t set_by = 0;
  std::int64_t ticked = 0;
  std::map<std::int64_t, reading::Content> last;
};

INSTANTIATE_TEST_SUITE_P(Steps, JournalWithTwoClocks,
                         testing::Values(-20'000, -3'600'000, -14 * 86'400'000LL, -1'000 * 86'400'000LL,
                                         20'000, 3'600'000, 200 * 86'400'000LL));

TEST_P(JournalWithTwoClocks, clock_step_alone_makes_no_event) {
  set_by = GetParam();
  for (int second = 2; second < 120; second += 2) {
    if (second == 60) set_by = 0;  // and back again
    for (const std::int64_t device : {1, 2, 3, 4}) read(device, second * 1'000);
    tick_until(second * 1'000);
  }
  EXPECT_EQ(changes(), Lines{});
}

TEST_P(JournalWithTwoClocks, loss_is_an_alarm_after_the_delay_when_the_clock_is_set_meanwhile) {
  lose(1, 5'000);
  set_by = GetParam();
  lose(1, 10'000);
  tick_until(35'000);
  EXPECT_EQ(changes(), Lines{});
  tick_until(36'000);
  EXPECT_EQ(changes(), Lines{"device_offline 1 active"});
  read(1, 100'000);
  EXPECT_EQ(journal.alarms().front()->returned_at, at(wall(100'000)));
  EXPECT_EQ(changes(), Lines{"device_offline 1 returned"});
}

TEST_P(JournalWithTwoClocks, short_interruption_has_its_real_length) {
  lose(1, 5'000);
  set_by = GetParam();
  tick_until(17'000);
  read(1, 17'500);
  tick_until(99'000);
  const auto events = journal.take_changes();
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(shown(events[0]), "device_interrupted 1 closed");
  EXPECT_EQ(events[0].args, R"({"error":"no answer","seconds":13})");
}

TEST_P(JournalWithTwoClocks, outage_of_a_site_is_one_alarm_when_the_clock_is_set_between_its_devices) {
  lose(1, 5'000);
  set_by = GetParam();
  lose(2, 9'000);
  lose(3, 15'000);
  tick_until(90'000);
  EXPECT_EQ(changes(), Lines{"site_offline MKZ active"});
  EXPECT_EQ(journal.alarms().front()->onset,
            at(1'000 * day_ms + 5'000));  // of the first device, by the clock at that time
  read(2, 95'000);
  set_by = 0;
  tick_until(125'000);
  EXPECT_EQ(changes(), Lines{"site_offline MKZ returned"});
  tick_until(126'000);
  EXPECT_EQ(changes(), (Lines{"device_offline 1 active", "device_offline 3 active"}));
}

TEST_P(JournalWithTwoClocks,
       devices_that_go_offline_eleven_seconds_apart_are_no_site_outage_at_any_clock_step) {
  lose(1, 5'000);
  lose(2, 5'000);
  set_by = GetParam();
  lose(3, 16'001);
  tick_until(90'000);
  EXPECT_EQ(changes(),
            (Lines{"device_offline 1 active", "device_offline 2 active", "device_offline 3 active"}));
}

TEST_P(JournalWithTwoClocks, alarms_are_counted_by_the_steady_clock) {
  read(1, 2'000, {{"alarm_block", 1}});
  set_by = GetParam();
  read(1, 4'000);
  read(1, 6'000, {{"alarm_block", 1}});
  EXPECT_EQ(journal.alarms_of_last(10, steady_at(8'000)), 2U);
  EXPECT_EQ(journal.alarms_of_last(10, steady_at(608'000)), 0U);
  EXPECT_EQ(journal.alarms_of_last(1'440, steady_at(608'000)), 2U);
}

TEST_P(JournalWithTwoClocks, alarm_of_an_earlier_run_continues_under_another_clock) {
  read(1, 2'000, {{"alarm_block", 1}, {"alarm_common", 1}});
  lose(4, 4'000);
  tick_until(40'000);
  std::vector<Event> left;
  for (const Event* event : journal.alarms()) left.push_back(*event);
  ASSERT_EQ(left.size(), 2U);
  set_by = GetParam();
  Journal again{seconds{30}};
  again.restore(left, {seconds{38}, seconds{36}}, steady_at(50'000));
  again.begin({{1, mkz}, {2, mkz}, {3, mkz}, {4, ykz}}, at(wall(50'000)));
  again.process(shared(dated(good(1, 51'000, {{"alarm_block", 1}, {"alarm_common", 1}}), 51'000)));
  again.process(shared(dated(never_read(4, 51'000), 51'000)));
  again.tick(steady_at(200'000));
  EXPECT_TRUE(again.take_changes().empty());
  EXPECT_EQ(again.open_alarms(), 2U);
  EXPECT_EQ(again.alarms_of_last(10, steady_at(200'000)), 2U);
  again.process(shared(dated(good(4, 201'000), 201'000)));
  EXPECT_EQ(shown(again.take_changes().at(0)), "device_offline 4 returned");
}

}  // namespace
}  // namespace gensetd::events
