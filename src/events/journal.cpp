#include "events/journal.hpp"

#include "events/catalogue.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <tuple>

namespace gensetd::events {
namespace {

namespace json = boost::json;
using What = Change::What;

std::string error_of(const Change& change) {
  json::error_code failed;
  const json::value args = json::parse(change.args, failed);
  const json::object* object = failed ? nullptr : args.if_object();
  const json::value* error = object == nullptr ? nullptr : object->if_contains("error");
  const json::string* text = error == nullptr ? nullptr : error->if_string();
  return text == nullptr ? std::string{} : std::string{text->data(), text->size()};
}

}  // namespace

void Journal::restore(std::vector<Event> open, const std::vector<std::chrono::milliseconds>& alarm_ages,
                      SteadyTime now) {
  for (const std::chrono::milliseconds age : alarm_ages) counts_.note(now - age);
  for (Event& event : open) {
    if (!event.is_open() || (!event.device_id && !event.site_id)) continue;
    const auto known = std::ranges::find(catalogue(), event.code, &Code::code);
    if (known == catalogue().end()) continue;  // of a newer program; it stays as it is
    const Subject subject{event.device_id ? *event.device_id : -*event.site_id, known->code};
    const auto [place, is_first] = open_.try_emplace(subject, event);
    if (is_first) continue;
    event.state = State::closed;  // of two programs that wrote at once; the newer one stays
    tell(event);
  }
}

void Journal::begin(Roster roster, Timestamp now) {
  roster_ = std::move(roster);
  for (const auto& [device_id, place] : roster_) sites_[place.site_id].push_back(device_id);
  for (auto& [site_id, devices] : sites_) std::ranges::sort(devices);
  std::vector<Subject> over;
  for (const auto& [subject, event] : open_) {
    if (event.device_id ? !roster_.contains(*event.device_id) : !sites_.contains(*event.site_id))
      over.push_back(subject);
  }
  for (const Subject& subject : over) close(subject, now);
}

void Journal::set_place(std::int64_t device_id, std::optional<Place> place, Moment now) {
  const auto known = roster_.find(device_id);
  const std::optional<Place> before = known == roster_.end() ? std::nullopt : std::optional{known->second};
  if (place == before) return;
  const bool moves = !place || !before || place->site_id != before->site_id;
  if (place && moves) {
    std::vector<std::int64_t>& devices = sites_[place->site_id];
    devices.insert(std::ranges::lower_bound(devices, device_id), device_id);
  }
  if (before && moves) leave_site(device_id, before->site_id, now.wall);
  if (place) {
    const auto known_device = known_.find(device_id);
    const bool is_online =
        known_device != known_.end() && known_device->second.facts && known_device->second.facts->online;
    if (moves && is_online) end_site_outage(*place, now);
    roster_.insert_or_assign(device_id, *std::move(place));
  } else {
    roster_.erase(device_id);
    known_.erase(device_id);
    outages_.erase(device_id);
    close_all(device_id, now.wall);
  }
}

void Journal::leave_site(std::int64_t device_id, std::int64_t site_id, Timestamp now) {
  const auto site = sites_.find(site_id);
  std::erase(site->second, device_id);
  if (!site->second.empty()) return;
  sites_.erase(site);
  close_all(-site_id, now);
}

void Journal::close_all(std::int64_t device_or_minus_site, Timestamp when) {
  std::vector<Subject> over;
  for (auto entry = open_.lower_bound({device_or_minus_site, {}});
       entry != open_.end() && entry->first.first == device_or_minus_site; ++entry)
    over.push_back(entry->first);
  for (const Subject& subject : over) close(subject, when);
}

const Watchlist& Journal::watchlist_of(const profile::ProfilePtr& profile) {
  return watchlists_.try_emplace(profile, *profile).first->second;
}

void Journal::take(const std::shared_ptr<const reading::Facts>& facts) {
  const std::int64_t device_id = facts->identity.device_id;
  const auto place = roster_.find(device_id);
  if (place == roster_.end()) return;
  const Watchlist& watchlist = watchlist_of(facts->profile);
  Known& known = known_[device_id];
  if (!known.facts || known.facts->profile != facts->profile)
    close_foreign_codes(device_id, watchlist, facts->timestamp);
  for (const Change& change : changes_between(known, *facts, watchlist))
    apply(device_id, place->second, change, {facts->at, facts->timestamp});
  known = known_after(std::move(known), facts);
}

// An alarm that the register map in use has no field for could never end.
void Journal::close_foreign_codes(std::int64_t device_id, const Watchlist& watchlist, Timestamp when) {
  std::vector<Subject> over;
  for (auto entry = open_.lower_bound({device_id, {}}); entry != open_.end(); ++entry) {
    const auto& [subject, event] = *entry;
    if (subject.first != device_id) break;
    if (event.kind != Kind::alarm) continue;
    const bool is_watched =
        subject.second == "alarm_unclassified"
            ? watchlist.common_alarm.has_value()
            : std::ranges::count(watchlist.alarms, subject.second, &Watchlist::Alarm::code) > 0;
    if (!is_watched) over.push_back(subject);
  }
  for (const Subject& subject : over) close(subject, when);
}

void Journal::apply(std::int64_t device_id, const Place& place, const Change& change, Moment when) {
  switch (change.what) {
    case What::happened:
      return tell(of_device(made(change.code, change.args, when.wall, change.at_latest), device_id, place));
    case What::alarm_on:
      return raise({device_id, change.code},
                   of_device(made(change.code, change.args, when.wall, change.at_latest), device_id, place),
                   when.steady);
    case What::alarm_off:
      return lower({device_id, change.code}, when.wall);
    case What::covered:
      return close({device_id, change.code}, when.wall);
    case What::lost:
      return begin_outage(device_id, change, when);
    case What::back:
      return end_outage(device_id, place, when);
  }
}

void Journal::begin_outage(std::int64_t device_id, const Change& change, Moment when) {
  Outage outage{.since = when,
                .at_latest = change.at_latest,
                .error = error_of(change),
                .alarm_due_at = when.steady + offline_delay_};
  if (is_active({device_id, "device_offline"})) {
    outage.since.wall = find({device_id, "device_offline"})->onset;  // of an earlier run of the program
    outage.is_alarm = true;
  }
  outages_.insert_or_assign(device_id, std::move(outage));
}

void Journal::end_outage(std::int64_t device_id, const Place& place, Moment when) {
  lower({device_id, "device_offline"}, when.wall);
  const bool was_site = is_active({-place.site_id, "site_offline"});
  end_site_outage(place, when);
  const auto found = outages_.find(device_id);
  if (found == outages_.end()) return;
  const Outage outage = std::move(found->second);
  outages_.erase(found);
  // What was not read before was not interrupted.
  if (outage.is_alarm || was_site || outage.at_latest) return;
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(when.steady - outage.since.steady).count();
  Event event = of_device(
      made("device_interrupted", json::serialize(json::object{{"error", outage.error}, {"seconds", seconds}}),
           outage.since.wall, outage.at_latest),
      device_id, place);
  event.returned_at = when.wall;
  tell(event);
}

// One device that answers is enough: the others of the site have a delay of their own from now on.
void Journal::end_site_outage(const Place& place, Moment when) {
  if (!is_active({-place.site_id, "site_offline"})) return;
  lower({-place.site_id, "site_offline"}, when.wall);
  for (const std::int64_t device_id : sites_[place.site_id]) {
    const auto outage = outages_.find(device_id);
    if (outage != outages_.end()) outage->second.alarm_due_at = when.steady + offline_delay_;
  }
}

void Journal::tick(SteadyTime now) {
  for (auto& [device_id, outage] : outages_) {
    if (!outage.is_alarm && now >= outage.alarm_due_at) consider(device_id, outage, now);
  }
}

void Journal::consider(std::int64_t device_id, Outage& outage, SteadyTime now) {
  const Place& place = roster_.at(device_id);
  if (is_active({-place.site_id, "site_offline"})) return;
  std::vector<std::int64_t> devices;
  Moment since = outage.since;
  if (whole_site_went(place, devices, since)) {
    json::array ids;
    for (const std::int64_t id : devices) ids.emplace_back(id);
    Event alarm = made("site_offline",
                       json::serialize(json::object{{"devices", std::move(ids)}, {"count", devices.size()}}),
                       since.wall, outage.at_latest);
    alarm.site_id = place.site_id;
    alarm.site_code = place.site_code;
    return raise({-place.site_id, "site_offline"}, std::move(alarm), since.steady);
  }
  // The rest of the site may be about to follow.
  if (others_of_site_are_away(device_id, place) && now < outage.since.steady + site_drops_within) return;
  outage.is_alarm = true;
  raise({device_id, "device_offline"},
        of_device(made("device_offline", json::serialize(json::object{{"error", outage.error}}),
                       outage.since.wall, outage.at_latest),
                  device_id, place),
        outage.since.steady);
}

bool Journal::whole_site_went(const Place& place, std::vector<std::int64_t>& devices, Moment& since) const {
  SteadyTime last = since.steady;
  for (const std::int64_t device_id : sites_.at(place.site_id)) {
    const auto outage = outages_.find(device_id);
    if (outage == outages_.end() || outage->second.is_alarm) return false;
    since = std::min(since, outage->second.since,
                     [](const Moment& a, const Moment& b) { return a.steady < b.steady; });
    last = std::max(last, outage->second.since.steady);
    devices.push_back(device_id);
  }
  return devices.size() > 1 && last - since.steady <= site_drops_within;
}

bool Journal::others_of_site_are_away(std::int64_t device_id, const Place& place) const {
  return std::ranges::any_of(sites_.at(place.site_id), [&](std::int64_t other) {
    return other != device_id && outages_.contains(other);
  });
}

void Journal::note_start(std::string_view version, Timestamp now) {
  const json::object args{{"version", json::string_view(version.data(), version.size())}};
  tell(made("gateway_started", json::serialize(args), now, false));
}

Event Journal::made(std::string_view code, std::string args, Timestamp onset, bool at_latest) {
  const Code& known = code_of(code);
  return {.id = ids_.next(),
          .kind = known.kind,
          .priority = known.priority,
          .code = std::string{code},
          .args = std::move(args),
          .state = known.priority ? State::active : State::closed,
          .onset = onset,
          .onset_at_latest = at_latest};
}

Event Journal::of_device(Event event, std::int64_t device_id, const Place& place) const {
  event.device_id = device_id;
  event.site_id = place.site_id;
  event.site_code = place.site_code;
  return event;
}

bool Journal::is_active(Subject subject) {
  const Event* alarm = find(subject);
  return alarm != nullptr && alarm->state != State::returned;
}

Event* Journal::find(Subject subject) {
  const auto found = open_.find(subject);
  return found == open_.end() ? nullptr : &found->second;
}

// An alarm that comes again before anybody acknowledged that it went is a new one, and ends the old.
void Journal::raise(Subject subject, Event alarm, SteadyTime when) {
  if (const Event* old = find(subject)) {
    if (old->state != State::returned) return;
    close(subject, alarm.onset);
  }
  counts_.note(when);
  const Code& known = code_of(subject.second);  // whose text lives as long as the program
  const auto place = open_.insert_or_assign(Subject{subject.first, known.code}, std::move(alarm)).first;
  tell(place->second);
}

void Journal::lower(Subject subject, Timestamp when) {
  const auto found = open_.find(subject);
  if (found == open_.end() || found->second.state == State::returned) return;
  Event& alarm = found->second;
  alarm.returned_at = when;
  alarm.state = alarm.state == State::acknowledged ? State::closed : State::returned;
  tell(alarm);
  if (!alarm.is_open()) open_.erase(found);
}

void Journal::close(Subject subject, Timestamp when) {
  const auto found = open_.find(subject);
  if (found == open_.end()) return;
  Event& alarm = found->second;
  if (!alarm.returned_at) alarm.returned_at = when;
  alarm.state = State::closed;
  tell(alarm);
  open_.erase(found);
}

std::variant<Event, Journal::Refused> Journal::acknowledge(std::int64_t id, std::string by, Timestamp now) {
  const auto found = std::ranges::find_if(open_, [id](const auto& entry) { return entry.second.id == id; });
  if (found == open_.end()) return Refused::unknown;
  Event& alarm = found->second;
  if (alarm.state == State::acknowledged) return Refused::acknowledged_already;
  alarm.acknowledged_at = now;
  alarm.acknowledged_by = std::move(by);
  alarm.state = alarm.state == State::returned ? State::closed : State::acknowledged;
  Event told = alarm;
  tell(told);
  if (!told.is_open()) open_.erase(found);
  return told;
}

std::vector<const Event*> Journal::alarms() const { return alarms_behind(std::nullopt, open_.size()); }

std::vector<const Event*> Journal::alarms_behind(const std::optional<AlarmPlace>& place,
                                                 std::size_t count) const {
  std::vector<const Event*> found;
  for (const auto& [subject, event] : open_) {
    if (!place || place_of(event) > *place) found.push_back(&event);
  }
  const auto end = found.begin() + static_cast<std::ptrdiff_t>(std::min(count, found.size()));
  std::ranges::partial_sort(found, end, {}, [](const Event* event) { return place_of(*event); });
  found.erase(end, found.end());
  return found;
}

}  // namespace gensetd::events
