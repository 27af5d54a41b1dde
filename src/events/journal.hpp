#pragma once

#include "events/changes.hpp"
#include "events/event.hpp"
#include "events/event_ids.hpp"
#include "events/minute_counts.hpp"
#include "events/outages.hpp"
#include "reading/clocks.hpp"

#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace gensetd::events {

// The site of a polled device, and what it has connected to the device's digital inputs.
struct DeviceSite {
  std::int64_t site_id = 0;
  std::string site_code;
  InputsPtr inputs;
  bool has_same_inputs(const DeviceSite& other) const {
    return inputs && other.inputs ? *inputs == *other.inputs : inputs == other.inputs;
  }
  bool operator==(const DeviceSite& other) const {
    return site_id == other.site_id && site_code == other.site_code && has_same_inputs(other);
  }
};
using reading::ClockPair;
using reading::SteadyTime;

using PolledDevices = std::unordered_map<std::int64_t, DeviceSite>;  // all devices that are polled, by id

// The position of an open alarm in their list: by priority, then onset.
struct AlarmPosition {
  int priority = 0;
  Timestamp onset;
  std::int64_t id = 0;
  auto operator<=>(const AlarmPosition&) const = default;
};

inline AlarmPosition position_of(const Event& alarm) {
  return {.priority = alarm.priority.value_or(0), .onset = alarm.onset, .id = alarm.id};
}

// Detects events in readings, and holds the open alarms. No clock, threads or database.
// Use: restore() and begin(); then set_site() with each change of the registry, process() each reading and
// tick() each second. After each call take_changes() returns the new and changed events in order. Invariant:
// at most one alarm is open for a device (or site) and code, so memory is bounded by the number of devices.
class Journal {
 public:
  // `offline_delay`: how long a device is offline before its alarm is raised.
  explicit Journal(std::chrono::milliseconds offline_delay) : outages_(offline_delay) {}

  // The open events of an earlier run of the program, newest first, and how long ago its alarms of the last
  // day were raised.
  void restore(std::vector<Event> open, const std::vector<std::chrono::milliseconds>& alarm_ages,
               SteadyTime now);
  void begin(PolledDevices devices, Timestamp now);

  // Empty: the device is no longer polled. The cost does not depend on the number of devices.
  void set_site(std::int64_t device_id, std::optional<DeviceSite> site, ClockPair now);

  void process(const std::shared_ptr<const reading::Content>& content);
  void tick(SteadyTime now);
  void note_start(std::string_view version, Timestamp now);

  // The errors are unknown (no open alarm has this id; a closed one may be in the database) and
  // acknowledged_already.
  std::variant<Event, AcknowledgeError> acknowledge(std::int64_t id, std::string by, Timestamp now);

  EventIds& ids() { return ids_; }

  std::vector<Event> take_changes() { return std::exchange(changed_events_, {}); }

  std::vector<const Event*> alarms() const;  // open ones, by priority, then onset
  // The next `count` of them after a position, or the first ones.
  std::vector<const Event*> alarms_after(const std::optional<AlarmPosition>& after, std::size_t count) const;
  std::size_t open_alarms() const { return open_.size(); }
  std::uint64_t alarms_of_last(int minutes, SteadyTime now) const { return counts_.last(minutes, now); }

 private:
  using Subject = std::pair<std::int64_t, std::string>;  // a device, or a negative site id; and a code

  const EventFields& fields_of(const profile::ProfilePtr& profile);
  void apply(std::int64_t device_id, const DeviceSite& site, const Change& change, ClockPair when);
  void begin_outage(std::int64_t device_id, const Change& change, ClockPair when);
  void end_outage(std::int64_t device_id, const DeviceSite& site, ClockPair when);
  void end_site_outage(const DeviceSite& site, ClockPair when);
  void leave_site(std::int64_t device_id, std::int64_t site_id, Timestamp now);
  void close_all(std::int64_t device_or_minus_site, Timestamp when);
  void end_unsupported_alarms(std::int64_t device_id, const profile::Profile& profile,
                              const EventFields& fields, const registry::Inputs* inputs, Timestamp when);
  void clear_unread_points(std::int64_t device_id, const EventFields& fields,
                           const reading::Content& content);
  void raise_site_alarm(const DeviceSite& site, const Outages::RaiseSiteAlarm& outage, bool at_latest);

  Event make_event(std::string_view code, std::string args, Timestamp onset, bool at_latest);
  Event make_event(const Change& change, Timestamp onset);
  Event with_device(Event event, std::int64_t device_id, const DeviceSite& site) const;
  void raise(const Subject& subject, Event alarm, SteadyTime when);
  void clear(const Subject& subject, Timestamp when);
  void close(const Subject& subject, Timestamp when);
  Event* find(const Subject& subject);
  bool is_active(const Subject& subject);  // acknowledged or not
  void emit(const Event& event) { changed_events_.push_back(event); }

  PolledDevices devices_;
  std::map<std::int64_t, std::vector<std::int64_t>> sites_;  // their devices, ascending, never empty
  std::unordered_map<std::int64_t, LastKnown> known_;
  Outages outages_;
  std::map<Subject, Event> open_;
  std::map<profile::ProfilePtr, EventFields> fields_;
  MinuteCounts counts_;
  std::vector<Event> changed_events_;
  EventIds ids_;
};

}  // namespace gensetd::events
