#pragma once

#include "events/changes.hpp"
#include "events/event.hpp"
#include "events/event_ids.hpp"
#include "events/minute_counts.hpp"
#include "reading/moment.hpp"

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

// Where a polled device stands.
struct Place {
  std::int64_t site_id = 0;
  std::string site_code;
  bool operator==(const Place&) const = default;
};
using reading::Moment;
using reading::SteadyTime;

using Roster = std::unordered_map<std::int64_t, Place>;  // all devices that are polled, by id

// Where an open alarm stands in the list of them: by priority, then onset.
struct AlarmPlace {
  int priority = 0;
  Timestamp onset;
  std::int64_t id = 0;
  auto operator<=>(const AlarmPlace&) const = default;
};

inline AlarmPlace place_of(const Event& alarm) {
  return {.priority = alarm.priority.value_or(0), .onset = alarm.onset, .id = alarm.id};
}

// Makes events of readings, and keeps the alarms that are open. Without clock, threads and database.
// Use: restore() and begin(), then set_place() with each change of the registry, take() each reading and
// tick() each second; after each call take_news() has what is new or has changed, in its order. Invariant: of
// one device (or site) and code at most one alarm is open, so what is held is bounded by the devices.
class Journal {
 public:
  // Devices of a site that go within this time of each other go as a site.
  static constexpr std::chrono::seconds site_drops_within{10};

  // `offline_delay`: how long a device is away before that is an alarm.
  explicit Journal(std::chrono::milliseconds offline_delay) : offline_delay_(offline_delay) {}

  // What an earlier run of the program left open, newest first, and how long ago its alarms of the last day
  // came.
  void restore(std::vector<Event> open, const std::vector<std::chrono::milliseconds>& alarm_ages,
               SteadyTime now);
  void begin(Roster roster, Timestamp now);

  // One device; empty: it is not polled any more. Costs the same among few devices and many.
  void set_place(std::int64_t device_id, std::optional<Place> place, Moment now);

  void take(const std::shared_ptr<const reading::Facts>& facts);
  void tick(SteadyTime now);
  void note_start(std::string_view version, Timestamp now);

  // Why an acknowledgement is refused. unknown: no open alarm has this id; whether the journal ever had, the
  // database knows.
  enum class Refused : std::uint8_t { unknown, acknowledged_already };
  std::variant<Event, Refused> acknowledge(std::int64_t id, std::string by, Timestamp now);

  EventIds& ids() { return ids_; }

  std::vector<Event> take_news() { return std::exchange(news_, {}); }

  std::vector<const Event*> alarms() const;  // open ones, by priority, then onset
  // The next `count` of them behind a place, or the first ones.
  std::vector<const Event*> alarms_behind(const std::optional<AlarmPlace>& place, std::size_t count) const;
  std::size_t open_alarms() const { return open_.size(); }
  std::uint64_t alarms_of_last(int minutes, SteadyTime now) const { return counts_.last(minutes, now); }

 private:
  using Subject = std::pair<std::int64_t, std::string_view>;  // a device, or minus a site; and a code

  struct Outage {
    Moment since;
    bool at_latest = false;
    std::string error;
    bool is_alarm = false;    // its own
    SteadyTime alarm_due_at;  // its own alarm comes then at the earliest
  };

  const Watchlist& watchlist_of(const profile::ProfilePtr& profile);
  void apply(std::int64_t device_id, const Place& place, const Change& change, Moment when);
  void begin_outage(std::int64_t device_id, const Change& change, Moment when);
  void end_outage(std::int64_t device_id, const Place& place, Moment when);
  void end_site_outage(const Place& place, Moment when);
  void leave_site(std::int64_t device_id, std::int64_t site_id, Timestamp now);
  void close_all(std::int64_t device_or_minus_site, Timestamp when);
  void close_foreign_codes(std::int64_t device_id, const Watchlist& watchlist, Timestamp when);
  void consider(std::int64_t device_id, Outage& outage, SteadyTime now);
  bool whole_site_went(const Place& place, std::vector<std::int64_t>& devices, Moment& since) const;
  bool others_of_site_are_away(std::int64_t device_id, const Place& place) const;

  Event made(std::string_view code, std::string args, Timestamp onset, bool at_latest);
  Event of_device(Event event, std::int64_t device_id, const Place& place) const;
  void raise(Subject subject, Event alarm, SteadyTime when);
  void lower(Subject subject, Timestamp when);
  void close(Subject subject, Timestamp when);
  Event* find(Subject subject);
  bool is_active(Subject subject);  // acknowledged or not
  void tell(const Event& event) { news_.push_back(event); }

  const std::chrono::milliseconds offline_delay_;
  Roster roster_;
  std::map<std::int64_t, std::vector<std::int64_t>> sites_;  // their devices, ascending; none is empty
  std::unordered_map<std::int64_t, Known> known_;
  std::map<std::int64_t, Outage> outages_;
  std::map<Subject, Event> open_;
  std::map<profile::ProfilePtr, Watchlist> watchlists_;
  MinuteCounts counts_;
  std::vector<Event> news_;
  EventIds ids_;
};

}  // namespace gensetd::events
