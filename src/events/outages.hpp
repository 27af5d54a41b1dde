#pragma once

#include "reading/clocks.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace gensetd::events {

// The time for which a device has been offline.
struct Outage {
  reading::ClockPair since;
  bool at_latest = false;              // it may have begun earlier
  std::string error;                   // of the first failed cycle
  bool has_alarm = false;              // an alarm of the device's own
  reading::SteadyTime alarm_due_at{};  // its own alarm is raised no sooner
};

// The devices that are offline, and the rules for their alarms: a device has an alarm when it has been
// offline for the delay, and when all devices of a site went offline within site_drops_within, there is one
// alarm for the site instead. No clock. Use: begin() and end() with each change; each second decide() for
// each of due().
class Outages {
 public:
  // Devices of a site that go offline within this time of each other are one outage of the site.
  static constexpr std::chrono::seconds site_drops_within{10};

  using Devices = std::vector<std::int64_t>;

  struct RaiseNothing {};  // not yet
  struct RaiseDeviceAlarm {};
  struct RaiseSiteAlarm {
    Devices devices;
    reading::ClockPair since;  // when the first of them went offline
  };
  using Decision = std::variant<RaiseNothing, RaiseDeviceAlarm, RaiseSiteAlarm>;

  // `offline_delay`: how long a device is offline before its alarm is raised.
  explicit Outages(std::chrono::milliseconds offline_delay) : offline_delay_(offline_delay) {}

  // `alarm_onset`: of the device's alarm that an earlier run of the program has left active.
  void begin(std::int64_t device_id, Outage outage, std::optional<reading::Timestamp> alarm_onset);
  std::optional<Outage> end(std::int64_t device_id);  // empty: the device was not offline
  void restart_delays(const Devices& devices, reading::SteadyTime now);

  const Outage& at(std::int64_t device_id) const { return outages_.at(device_id); }

  // The devices without an alarm of their own whose delay is over, ascending.
  Devices due(reading::SteadyTime now) const;
  // For a device of due() that belongs to a site of these devices, and is not covered by an alarm of the
  // site. RaiseDeviceAlarm also notes that the device has an alarm.
  Decision decide(std::int64_t device_id, const Devices& site, reading::SteadyTime now);

 private:
  std::optional<RaiseSiteAlarm> site_outage(const Outage& outage, const Devices& site) const;

  const std::chrono::milliseconds offline_delay_;
  std::map<std::int64_t, Outage> outages_;
};

}  // namespace gensetd::events
