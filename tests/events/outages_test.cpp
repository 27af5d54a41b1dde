#include "events/outages.hpp"

#include <gtest/gtest.h>

#include <variant>

namespace gensetd::events {
namespace {

using namespace std::chrono_literals;

using Devices = Outages::Devices;

reading::SteadyTime at(std::chrono::seconds time) { return reading::SteadyTime{1'000h + time}; }

class OutagesTest : public testing::Test {
 protected:
  void begin(std::int64_t device_id, std::chrono::seconds time) {
    const reading::Timestamp wall{20'000h + time};
    outages.begin(device_id, {.since = {at(time), wall}, .at_latest = false, .error = "no answer"}, {});
  }

  Outages outages{30s};
};

TEST_F(OutagesTest, device_is_due_after_the_delay_until_it_has_an_alarm) {
  begin(1, 0s);
  EXPECT_EQ(outages.due(at(29s)), Devices{});
  EXPECT_EQ(outages.due(at(30s)), Devices{1});
  EXPECT_TRUE(std::holds_alternative<Outages::RaiseDeviceAlarm>(outages.decide(1, {1}, at(30s))));
  EXPECT_EQ(outages.due(at(31s)), Devices{});
  EXPECT_TRUE(outages.end(1)->has_alarm);
  EXPECT_FALSE(outages.end(1));
}

TEST_F(OutagesTest, devices_of_a_site_that_go_offline_together_are_one_outage) {
  begin(2, 0s);
  begin(1, 10s);
  const Outages::Decision decision = outages.decide(2, {1, 2}, at(30s));
  const auto* alarm = std::get_if<Outages::RaiseSiteAlarm>(&decision);
  ASSERT_NE(alarm, nullptr);
  EXPECT_EQ(alarm->devices, (Devices{1, 2}));
  EXPECT_EQ(alarm->since.steady, at(0s));
}

TEST_F(OutagesTest, devices_that_go_offline_later_than_that_have_their_own_alarms) {
  begin(1, 0s);
  begin(2, 11s);
  EXPECT_TRUE(std::holds_alternative<Outages::RaiseDeviceAlarm>(outages.decide(1, {1, 2}, at(30s))));
}

TEST_F(OutagesTest, short_delay_waits_for_the_other_devices_of_the_site) {
  Outages quick{1s};
  quick.begin(1, {.since = {at(0s), {}}, .at_latest = false, .error = ""}, {});
  quick.begin(2, {.since = {at(0s), {}}, .at_latest = false, .error = ""}, {});
  EXPECT_TRUE(std::holds_alternative<Outages::RaiseNothing>(quick.decide(1, {1, 2, 3}, at(9s))));
  EXPECT_TRUE(std::holds_alternative<Outages::RaiseDeviceAlarm>(quick.decide(1, {1, 2, 3}, at(10s))));
}

TEST_F(OutagesTest, alarm_of_an_earlier_run_keeps_its_onset) {
  const reading::Timestamp onset{19'000h};
  outages.begin(1, {.since = {at(0s), reading::Timestamp{20'000h}}, .at_latest = true, .error = ""}, onset);
  EXPECT_EQ(outages.due(at(60s)), Devices{});
  EXPECT_EQ(outages.at(1).since.wall, onset);
  EXPECT_TRUE(outages.at(1).has_alarm);
}

TEST_F(OutagesTest, restarted_delay_counts_from_then_on) {
  begin(1, 0s);
  outages.restart_delays({1, 2}, at(40s));
  EXPECT_EQ(outages.due(at(69s)), Devices{});
  EXPECT_EQ(outages.due(at(70s)), Devices{1});
}

}  // namespace
}  // namespace gensetd::events
