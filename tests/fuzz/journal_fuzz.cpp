#include "check.hpp"
#include "events/catalogue.hpp"
#include "events/journal.hpp"
#include "profile/catalog.hpp"

#include <boost/json/parse.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace gensetd;
using events::Event;
using events::EventState;
using events::Journal;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr std::size_t device_count = 5;
constexpr seconds offline_delay{30};
constexpr std::array<std::string_view, 6> bits = {"alarm_common", "alarm_shutdown", "alarm_trip_stop",
                                                  "alarm_block",  "alarm_warning",  "mode_auto"};
constexpr std::array<milliseconds, 8> clock_steps = {
    milliseconds{-1}, milliseconds{1'000}, milliseconds{-90'000}, hours{1},
    -hours{1},        -hours{24 * 14},     hours{24 * 200},       -hours{24 * 200}};

profile::ProfilePtr profile_named(const char* name) {
  static const profile::Catalog catalog = profile::Catalog::built_in();
  return catalog.find(name);
}

// The expected state of one device.
struct Device {
  std::optional<events::DeviceSite> place;
  std::optional<bool> online;                             // of this run; empty: no reading yet
  std::optional<events::SteadyTime> lost_since;           // of this run
  std::optional<events::SteadyTime> alarm_expected_from;  // when its delay began, at the latest
  std::uint64_t times_set_at_loss = 0;                    // of the clock
  reading::Content last;
};

// A journal with its devices, its two clocks and its rows.
class JournalScenario {
 public:
  JournalScenario() {
    for (std::size_t index = 0; index < device_count; ++index) {
      devices_[index].place = place(index < 3 ? 1 : 2);
      devices_[index].last = blank(index);
    }
    begin();
  }

  void apply(std::uint8_t kind, std::uint8_t argument) {
    Device& device = devices_[argument % device_count];
    const std::uint8_t rest = argument / device_count;
    switch (kind % 10) {
      case 0:
        read(device, rest);
        break;
      case 1:
        lose_connection(device);
        break;
      case 2:
        pass(milliseconds{argument * 100});
        break;
      case 3:
        pass(seconds{argument});
        break;
      case 4:
        set_clock(argument);
        break;
      case 5:
        acknowledge(argument);
        break;
      case 6:
        move(device, rest);
        break;
      case 7:
        stored_ = reported_;
        break;
      case 8:
        restart(argument);
        break;
      case 9:
        change_profile(device, rest);
        break;
      default:
        break;
    }
    check_changes();
    take_ids();
    journal_->tick(now_.steady);
    check_changes();
    check_open_alarms();
    check_losses();
  }

 private:
  static events::DeviceSite place(std::int64_t site) {
    return {.site_id = site, .site_code = site == 1 ? "MKZ" : "YKZ"};
  }

  static reading::Content blank(std::size_t index) {
    reading::Content content{.identity = {static_cast<std::int64_t>(index + 1), "MKZ", "generator"},
                             .profile = profile_named("hgm9520n")};
    content.values.assign(content.profile->fields.size(), std::nullopt);
    return content;
  }

  void begin() {
    journal_ = std::make_unique<Journal>(offline_delay);
    std::vector<Event> open;
    std::vector<milliseconds> ages;
    take_ids();
    for (const auto& [id, event] : reported_) {
      if (event.is_open()) open.push_back(event);
      if (event.priority) ages.push_back(std::max(milliseconds{0}, now_.wall - event.onset));
    }
    std::ranges::sort(open, [](const Event& a, const Event& b) {
      return std::pair{a.onset, a.id} > std::pair{b.onset, b.id};
    });
    journal_->restore(std::move(open), ages, now_.steady);
    events::PolledDevices roster;
    for (std::size_t index = 0; index < device_count; ++index) {
      if (devices_[index].place) roster.emplace(static_cast<std::int64_t>(index + 1), *devices_[index].place);
    }
    journal_->begin(std::move(roster), now_.wall);
    journal_->note_start("1", now_.wall);
    check_changes();
  }

  // As from the database: no id twice, not even after a restart.
  void take_ids() {
    while (journal_->ids().blocks() < events::EventIds::blocks_wanted) {
      journal_->ids().add(next_id_);
      next_id_ += registry::event_id_block;
    }
  }

  void publish(Device& device, bool online) {
    const bool was_online = device.online.value_or(online);
    device.last.timestamp = now_.wall;
    device.last.at = now_.steady;
    device.last.online = online;
    journal_->process(std::make_shared<const reading::Content>(device.last));
    if (!device.place) return;
    if (online) {
      device.lost_since.reset();
      device.alarm_expected_from.reset();
    } else if (was_online || !device.online) {
      device.lost_since = device.alarm_expected_from = now_.steady;
      device.times_set_at_loss = times_set_;
    }
    device.online = online;
  }

  // Six bits and a status; the seventh leaves a field without data.
  void read(Device& device, std::uint8_t bits_set) {
    device.last.values.assign(device.last.profile->fields.size(), 0);
    for (std::size_t index = 0; index < bits.size(); ++index) set(device, bits[index], bits_set >> index & 1);
    if (bits_set % 7 == 6) set(device, "alarm_block", std::nullopt);
    set(device, "gen_status", bits_set % 3);
    device.last.last_seen = now_.wall;
    device.last.last_seen_at = now_.steady;
    publish(device, true);
  }

  static void set(Device& device, std::string_view name, profile::Value value) {
    const auto& fields = device.last.profile->fields;
    const auto field = std::ranges::find(fields, name, &profile::Field::name);
    if (field != fields.end()) device.last.values[static_cast<std::size_t>(field - fields.begin())] = value;
  }

  void lose_connection(Device& device) {
    pass(milliseconds{1});  // two cycles never end at once
    device.last.error = "no answer";
    publish(device, false);
  }

  void pass(milliseconds time) {
    now_.steady += time;
    now_.wall += time;
  }

  void set_clock(std::uint8_t argument) {
    now_.wall += clock_steps[argument % clock_steps.size()];
    ++times_set_;
  }

  void acknowledge(std::uint8_t argument) {
    const auto open = journal_->alarms();
    const std::int64_t id = argument < open.size() ? open[argument]->id : -1;
    const bool is_open = argument < open.size() && open[argument]->state != EventState::acknowledged;
    const auto result = journal_->acknowledge(id, "A", now_.wall);
    check(std::holds_alternative<Event>(result) == is_open);
  }

  void move(Device& device, std::uint8_t where) {
    const auto id = static_cast<std::int64_t>(&device - devices_.data()) + 1;
    const std::optional<events::DeviceSite> to =
        where % 3 == 0 ? std::nullopt : std::optional{place(where % 3)};
    if (to == device.place) return;
    device.place = to;
    journal_->set_site(id, to, now_);
    if (!to) {
      device.online.reset();
      device.lost_since.reset();
      device.alarm_expected_from.reset();
    } else if (device.alarm_expected_from) {
      device.alarm_expected_from = now_.steady;
    }
  }

  // Events that were not stored are lost. Another program may have stored an alarm with the same subject at
  // the same time.
  void restart(std::uint8_t argument) {
    reported_ = stored_;
    if (argument % 4 == 1) {
      const auto open =
          std::ranges::find_if(reported_, [](const auto& entry) { return entry.second.is_open(); });
      if (open != reported_.end()) {
        Event twin = open->second;
        twin.id = next_id_++;
        reported_.emplace(twin.id, twin);
      }
    }
    for (Device& device : devices_) {
      device.online.reset();
      device.lost_since.reset();
      device.alarm_expected_from.reset();
    }
    pass(seconds{argument});
    times_set_at_onset_.clear();
    begin();
  }

  void change_profile(Device& device, std::uint8_t which) {
    device.last.profile = profile_named(which % 2 == 0 ? "hgm9520n" : "hgm9560");
    read(device, which);
  }

  void check_changes() {
    const auto changes = journal_->take_changes();
    check(changes.size() < 100);
    for (const Event& event : changes) {
      boost::json::error_code failed;
      boost::json::parse(events::to_json(event), failed);
      check(!failed && events::code_of(event.code).kind == event.kind);
      const auto known = reported_.find(event.id);
      if (known == reported_.end()) {
        check_new(event);
      } else {
        check_step(known->second, event);
      }
      reported_.insert_or_assign(event.id, event);
      if (event.code == "site_offline" && event.returned_at) site_returned(*event.site_id);
    }
  }

  void check_new(const Event& event) {
    check(event.state == (event.priority ? EventState::active : EventState::closed));
    times_set_at_onset_.emplace(event.id, times_set_at_onset(event));
    if (event.code != "device_offline") return;
    const Device& device = devices_[static_cast<std::size_t>(*event.device_id - 1)];
    check(device.lost_since && now_.steady - *device.lost_since >= offline_delay);
  }

  // The onset of an alarm of a lost connection is the time of the loss, on the clock as it was then.
  std::uint64_t times_set_at_onset(const Event& event) const {
    std::uint64_t times_set = times_set_;
    if (event.code != "device_offline" && event.code != "site_offline") return times_set;
    for (std::size_t index = 0; index < device_count; ++index) {
      const Device& device = devices_[index];
      const bool is_meant = event.device_id ? static_cast<std::int64_t>(index + 1) == *event.device_id
                                            : device.place && device.place->site_id == *event.site_id;
      if (is_meant && device.lost_since) times_set = std::min(times_set, device.times_set_at_loss);
    }
    return times_set;
  }

  // Active, then acknowledged and returned in either order, then closed; never back.
  void check_step(const Event& before, const Event& after) {
    check(before.is_open() && before.onset == after.onset && before.code == after.code);
    check(after.state != EventState::active &&
          (before.state == EventState::active || after.state != before.state));
    check(!(before.state == EventState::acknowledged && after.state == EventState::returned));
    check(!(before.state == EventState::returned && after.state == EventState::acknowledged));
    const auto entry = times_set_at_onset_.find(after.id);
    const bool one_clock = entry != times_set_at_onset_.end() && entry->second == times_set_;
    if (one_clock && !before.returned_at && after.returned_at) check(*after.returned_at >= after.onset);
  }

  // The delay of devices that stay offline starts when the first device of their site is back.
  void site_returned(std::int64_t site) {
    for (Device& device : devices_) {
      if (device.place && device.place->site_id == site && device.alarm_expected_from)
        device.alarm_expected_from = now_.steady;
    }
  }

  void check_open_alarms() const {
    std::set<std::pair<std::int64_t, std::string>> subjects;
    for (const Event* alarm : journal_->alarms()) {
      check(alarm->is_open() && alarm->priority && reported_.at(alarm->id) == *alarm);
      check(subjects.emplace(alarm->device_id ? *alarm->device_id : -*alarm->site_id, alarm->code).second);
    }
    check(journal_->open_alarms() == subjects.size());
    check(journal_->alarms_of_last(10, now_.steady) <= journal_->alarms_of_last(1'440, now_.steady));
  }

  bool is_active(std::optional<std::int64_t> device, std::optional<std::int64_t> site,
                 std::string_view code) const {
    return std::ranges::any_of(journal_->alarms(), [&](const Event* alarm) {
      return alarm->code == code && alarm->state != EventState::returned &&
             (!device || alarm->device_id == device) && (!site || alarm->site_id == site);
    });
  }

  // Each loss is an alarm in time, by the steady clock, and only a loss is one.
  void check_losses() const {
    for (std::size_t index = 0; index < device_count; ++index) {
      const Device& device = devices_[index];
      const auto id = static_cast<std::int64_t>(index + 1);
      if (!device.place) {
        check(std::ranges::none_of(journal_->alarms(),
                                   [&](const Event* alarm) { return alarm->device_id == id; }));
        continue;
      }
      const bool site_alarm = is_active(std::nullopt, device.place->site_id, "site_offline");
      const bool own_alarm = is_active(id, std::nullopt, "device_offline");
      if (device.online == true) check(!site_alarm && !own_alarm);
      if (!device.alarm_expected_from) continue;
      const auto offline_for = now_.steady - *device.alarm_expected_from;
      if (offline_for >= offline_delay + events::Outages::site_drops_within) check(site_alarm || own_alarm);
    }
  }

  events::ClockPair now_{events::SteadyTime{hours{100}}, events::Timestamp{hours{24 * 20'000}}};
  std::uint64_t times_set_ = 0;
  std::array<Device, device_count> devices_;
  std::map<std::int64_t, Event> reported_;  // the newest state of each event
  std::map<std::int64_t, Event> stored_;    // of those in the database
  std::map<std::int64_t, std::uint64_t> times_set_at_onset_;
  std::int64_t next_id_ = 1;  // of the database
  std::unique_ptr<Journal> journal_;
};

}  // namespace

// Readings, losses, clock steps, acknowledgements, edits and restarts. Two bytes for each event: kind and
// argument, see JournalScenario::apply().
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  JournalScenario scenario;
  for (std::size_t index = 0; index + 1 < size; index += 2) scenario.apply(data[index], data[index + 1]);
  return 0;
}
