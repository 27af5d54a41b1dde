#include "events/journal.hpp"

#include "events/catalogue.hpp"
#include "events/json_view.hpp"
#include "events/point_changes.hpp"
#include "profile/words.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <tuple>

namespace gensetd::events {
namespace {

namespace json = boost::json;
using Type = Change::Type;

// A text of an event's args; empty: there is none.
std::string text_in(const std::string& event_args, std::string_view key) {
  json::error_code failed;
  const json::value args = json::parse(event_args, failed);
  const json::object* object = failed ? nullptr : args.if_object();
  const json::value* value = object == nullptr ? nullptr : object->if_contains(key);
  const json::string* text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? std::string{} : std::string{text->data(), text->size()};
}

std::string error_of(const Change& change) { return text_in(change.args, "error"); }

// An event of a version without classes in its args has any class.
bool has_class(const std::string& event_args, std::string_view alarm_class) {
  const std::string known = text_in(event_args, "class");
  return known.empty() || known == alarm_class;
}

// The args of an event that the controller's summary has ended.
std::string with_summary(const std::string& args) {
  json::error_code failed;
  json::value value = json::parse(args, failed);
  if (failed || !value.is_object()) value = json::object{};
  value.as_object()["by_summary"] = true;
  return json::serialize(value);
}

}  // namespace

void Journal::restore(std::vector<Event> open, const std::vector<std::chrono::milliseconds>& alarm_ages,
                      SteadyTime now) {
  for (const std::chrono::milliseconds age : alarm_ages) counts_.note(now - age);
  for (Event& event : open) {
    if (!event.is_open() || (!event.device_id && !event.site_id)) continue;
    const bool is_known = is_point_code(event.code) ||
                          std::ranges::find(catalogue(), event.code, &EventCode::code) != catalogue().end();
    if (!is_known) continue;  // from a newer version of the program; it is not changed
    const Subject subject{event.device_id ? *event.device_id : -*event.site_id, event.code};
    const auto [entry, is_first] = open_.try_emplace(subject, event);
    if (is_first) continue;
    event.state = EventState::closed;  // two programs wrote at the same time; the newer alarm stays
    emit(event);
  }
}

void Journal::begin(PolledDevices devices, Timestamp now) {
  devices_ = std::move(devices);
  for (const auto& [device_id, site] : devices_) sites_[site.site_id].push_back(device_id);
  for (auto& [site_id, device_ids] : sites_) std::ranges::sort(device_ids);
  std::vector<Subject> ended;
  for (const auto& [subject, event] : open_) {
    if (event.device_id ? !devices_.contains(*event.device_id) : !sites_.contains(*event.site_id))
      ended.push_back(subject);
  }
  for (const Subject& subject : ended) close(subject, now);
}

void Journal::set_site(std::int64_t device_id, std::optional<DeviceSite> site, ClockPair now) {
  const auto known = devices_.find(device_id);
  const std::optional<DeviceSite> before =
      known == devices_.end() ? std::nullopt : std::optional{known->second};
  if (site == before) return;
  const bool moves = !site || !before || site->site_id != before->site_id;
  if (site && moves) {
    std::vector<std::int64_t>& devices = sites_[site->site_id];
    devices.insert(std::ranges::lower_bound(devices, device_id), device_id);
  }
  if (before && moves) leave_site(device_id, before->site_id, now.wall);
  if (site) {
    const auto known_device = known_.find(device_id);
    const bool is_online =
        known_device != known_.end() && known_device->second.content && known_device->second.content->online;
    if (moves && is_online) end_site_outage(*site, now);
    // An alarm whose input is no alarm any more.
    if (before && !site->has_same_inputs(*before) && known_device != known_.end() &&
        known_device->second.content) {
      const profile::ProfilePtr profile = known_device->second.content->profile;
      end_unsupported_alarms(device_id, *profile, fields_of(profile), site->inputs.get(), now.wall);
    }
    devices_.insert_or_assign(device_id, *std::move(site));
  } else {
    devices_.erase(device_id);
    known_.erase(device_id);
    outages_.end(device_id);
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
  std::vector<Subject> ended;
  for (auto entry = open_.lower_bound({device_or_minus_site, {}});
       entry != open_.end() && entry->first.first == device_or_minus_site; ++entry)
    ended.push_back(entry->first);
  for (const Subject& subject : ended) close(subject, when);
}

const EventFields& Journal::fields_of(const profile::ProfilePtr& profile) {
  const auto known = fields_.find(profile);
  if (known != fields_.end()) return known->second;
  // Register maps that were replaced and that no reading has any more.
  std::erase_if(fields_, [](const auto& entry) { return entry.first.use_count() == 1; });
  return fields_.try_emplace(profile, *profile).first->second;
}

void Journal::process(const std::shared_ptr<const reading::Content>& content) {
  const std::int64_t device_id = content->identity.device_id;
  const auto device = devices_.find(device_id);
  if (device == devices_.end()) return;
  const EventFields& fields = fields_of(content->profile);
  const InputsPtr& inputs = device->second.inputs;
  LastKnown& known = known_[device_id];
  if (!known.content || known.content->profile != content->profile)
    end_unsupported_alarms(device_id, *content->profile, fields, inputs.get(), content->timestamp);
  for (const Change& change : changes_between(known, *content, fields, inputs))
    apply(device_id, device->second, change, {content->at, content->timestamp});
  const auto is_open = [&](std::string_view code) { return is_active({device_id, std::string{code}}); };
  for (const Change& change : missing_alarms(*content, fields, inputs, is_open))
    apply(device_id, device->second, change, {content->at, content->timestamp});
  clear_unread_points(device_id, fields, *content);
  known = known_after(std::move(known), content, inputs);
}

// A point whose word cannot be read must not stand for ever: the controller's own summary says that there is
// no alarm of its class, and none at all.
void Journal::clear_unread_points(std::int64_t device_id, const EventFields& fields,
                                  const reading::Content& content) {
  if (!content.is_fresh()) return;
  std::vector<Subject> ended;
  for (auto entry = open_.lower_bound({device_id, std::string{profile::point_prefix}}); entry != open_.end();
       ++entry) {
    const auto& [subject, event] = *entry;
    if (subject.first != device_id || !is_point_code(subject.second)) break;
    if (event.state == EventState::returned) continue;
    const profile::AlarmPoint* point = find_point(*content.profile, subject.second);
    if (point != nullptr && is_point_unread(content, *point) &&
        fields.is_class_off(content, point->alarm_class))
      ended.push_back(subject);
  }
  for (const Subject& subject : ended) {
    Event& alarm = open_.at(subject);
    alarm.args = with_summary(alarm.args);
    clear(subject, content.timestamp);
  }
}

// An alarm without a field in the current register map could never end: it returns. A point whose class or
// priority has changed is raised again with the new ones. The alarm of a digital input that is no alarm at
// this site is closed.
void Journal::end_unsupported_alarms(std::int64_t device_id, const profile::Profile& profile,
                                     const EventFields& fields, const registry::Inputs* inputs,
                                     Timestamp when) {
  const auto is_alarm = [&](const Event& event) {
    const profile::AlarmPoint* point = find_point(profile, event.code);
    return point != nullptr && event.priority == priority_of(*point, inputs) &&
           has_class(event.args, profile::to_word(point->alarm_class));
  };
  const auto is_no_alarm_here = [&](std::string_view code) {
    const profile::AlarmPoint* point = find_point(profile, code);
    return point != nullptr && point->priority && !priority_of(*point, inputs);
  };
  std::vector<Subject> ended;
  for (auto entry = open_.lower_bound({device_id, {}}); entry != open_.end(); ++entry) {
    const auto& [subject, event] = *entry;
    if (subject.first != device_id) break;
    if (event.kind != EventKind::alarm) continue;
    const bool is_watched =
        is_point_code(subject.second) ? is_alarm(event)
        : subject.second == "alarm_unclassified"
            ? fields.common_alarm.has_value()
            : std::ranges::count(fields.alarms, subject.second, &EventFields::Alarm::code) > 0;
    if (!is_watched) ended.push_back(subject);
  }
  for (const Subject& subject : ended) {
    if (is_no_alarm_here(subject.second)) {
      close(subject, when);
    } else {
      clear(subject, when);
    }
  }
}

void Journal::apply(std::int64_t device_id, const DeviceSite& site, const Change& change, ClockPair when) {
  switch (change.type) {
    case Type::happened:
      return emit(with_device(make_event(change, when.wall), device_id, site));
    case Type::alarm_on:
      return raise({device_id, std::string{change.code}},
                   with_device(make_event(change, when.wall), device_id, site), when.steady);
    case Type::alarm_off:
      return clear({device_id, std::string{change.code}}, when.wall);
    case Type::superseded:
      if (!is_active({device_id, std::string{change.code}})) return;
      return close({device_id, std::string{change.code}}, when.wall);
    case Type::lost:
      return begin_outage(device_id, change, when);
    case Type::back:
      return end_outage(device_id, site, when);
  }
}

void Journal::begin_outage(std::int64_t device_id, const Change& change, ClockPair when) {
  std::optional<Timestamp> alarm_onset;
  if (is_active({device_id, "device_offline"})) alarm_onset = find({device_id, "device_offline"})->onset;
  outages_.begin(device_id, {.since = when, .at_latest = change.at_latest, .error = error_of(change)},
                 alarm_onset);
}

void Journal::end_outage(std::int64_t device_id, const DeviceSite& site, ClockPair when) {
  clear({device_id, "device_offline"}, when.wall);
  const bool was_site_outage = is_active({-site.site_id, "site_offline"});
  end_site_outage(site, when);
  const std::optional<Outage> outage = outages_.end(device_id);
  if (!outage) return;
  // A device that was not read before was not interrupted.
  if (outage->has_alarm || was_site_outage || outage->at_latest) return;
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(when.steady - outage->since.steady).count();
  Event event =
      with_device(make_event("device_interrupted",
                             json::serialize(json::object{{"error", outage->error}, {"seconds", seconds}}),
                             outage->since.wall, outage->at_latest),
                  device_id, site);
  event.returned_at = when.wall;
  emit(event);
}

// One device that responds is enough: from now on each of the others has a delay of its own.
void Journal::end_site_outage(const DeviceSite& site, ClockPair when) {
  if (!is_active({-site.site_id, "site_offline"})) return;
  clear({-site.site_id, "site_offline"}, when.wall);
  outages_.restart_delays(sites_[site.site_id], when.steady);
}

void Journal::tick(SteadyTime now) {
  for (const std::int64_t device_id : outages_.due(now)) {
    const DeviceSite& site = devices_.at(device_id);
    if (is_active({-site.site_id, "site_offline"})) continue;
    const Outages::Decision decision = outages_.decide(device_id, sites_.at(site.site_id), now);
    if (const auto* whole_site = std::get_if<Outages::RaiseSiteAlarm>(&decision)) {
      raise_site_alarm(site, *whole_site, outages_.at(device_id).at_latest);
    } else if (std::holds_alternative<Outages::RaiseDeviceAlarm>(decision)) {
      const Outage& outage = outages_.at(device_id);
      raise({device_id, "device_offline"},
            with_device(make_event("device_offline", json::serialize(json::object{{"error", outage.error}}),
                                   outage.since.wall, outage.at_latest),
                        device_id, site),
            outage.since.steady);
    }
  }
}

void Journal::raise_site_alarm(const DeviceSite& site, const Outages::RaiseSiteAlarm& outage,
                               bool at_latest) {
  json::array ids;
  for (const std::int64_t id : outage.devices) ids.emplace_back(id);
  const std::size_t count = outage.devices.size();
  Event alarm =
      make_event("site_offline", json::serialize(json::object{{"devices", std::move(ids)}, {"count", count}}),
                 outage.since.wall, at_latest);
  alarm.site_id = site.site_id;
  alarm.site_code = site.site_code;
  raise({-site.site_id, "site_offline"}, std::move(alarm), outage.since.steady);
}

void Journal::note_start(std::string_view version, Timestamp now) {
  const json::object args{{"version", view(version)}};
  emit(make_event("gateway_started", json::serialize(args), now, false));
}

Event Journal::make_event(std::string_view code, std::string args, Timestamp onset, bool at_latest) {
  const EventCode& known = code_of(code);
  return {.id = ids_.next(),
          .kind = known.kind,
          .priority = known.priority,
          .code = std::string{code},
          .args = std::move(args),
          .state = known.priority ? EventState::active : EventState::closed,
          .onset = onset,
          .onset_at_latest = at_latest};
}

Event Journal::make_event(const Change& change, Timestamp onset) {
  if (change.point == nullptr) return make_event(change.code, change.args, onset, change.at_latest);
  const std::optional<int> priority = change.type == Type::alarm_on ? change.point->priority : std::nullopt;
  return {.id = ids_.next(),
          .kind = EventKind::alarm,
          .priority = priority,
          .code = std::string{change.code},
          .args = change.args,
          .state = priority ? EventState::active : EventState::closed,
          .onset = onset,
          .onset_at_latest = change.at_latest};
}

Event Journal::with_device(Event event, std::int64_t device_id, const DeviceSite& site) const {
  event.device_id = device_id;
  event.site_id = site.site_id;
  event.site_code = site.site_code;
  return event;
}

bool Journal::is_active(const Subject& subject) {
  const Event* alarm = find(subject);
  return alarm != nullptr && alarm->state != EventState::returned;
}

Event* Journal::find(const Subject& subject) {
  const auto found = open_.find(subject);
  return found == open_.end() ? nullptr : &found->second;
}

// An alarm that is raised again before its return was acknowledged is a new one, and closes the old one.
void Journal::raise(const Subject& subject, Event alarm, SteadyTime when) {
  if (const Event* old = find(subject)) {
    if (old->state != EventState::returned) return;
    close(subject, alarm.onset);
  }
  counts_.note(when);
  const auto entry = open_.insert_or_assign(subject, std::move(alarm)).first;
  emit(entry->second);
}

void Journal::clear(const Subject& subject, Timestamp when) {
  const auto found = open_.find(subject);
  if (found == open_.end() || found->second.state == EventState::returned) return;
  Event& alarm = found->second;
  alarm.returned_at = when;
  alarm.state = alarm.state == EventState::acknowledged ? EventState::closed : EventState::returned;
  emit(alarm);
  if (!alarm.is_open()) open_.erase(found);
}

void Journal::close(const Subject& subject, Timestamp when) {
  const auto found = open_.find(subject);
  if (found == open_.end()) return;
  Event& alarm = found->second;
  if (!alarm.returned_at) alarm.returned_at = when;
  alarm.state = EventState::closed;
  emit(alarm);
  open_.erase(found);
}

std::variant<Event, AcknowledgeError> Journal::acknowledge(std::int64_t id, std::string by, Timestamp now) {
  const auto found = std::ranges::find_if(open_, [id](const auto& entry) { return entry.second.id == id; });
  if (found == open_.end()) return AcknowledgeError::unknown;
  Event& alarm = found->second;
  if (alarm.state == EventState::acknowledged) return AcknowledgeError::acknowledged_already;
  alarm.acknowledged_at = now;
  alarm.acknowledged_by = std::move(by);
  alarm.state = alarm.state == EventState::returned ? EventState::closed : EventState::acknowledged;
  Event acknowledged = alarm;
  emit(acknowledged);
  if (!acknowledged.is_open()) open_.erase(found);
  return acknowledged;
}

std::vector<const Event*> Journal::alarms() const { return alarms_after(std::nullopt, open_.size()); }

std::vector<const Event*> Journal::alarms_after(const std::optional<AlarmPosition>& after,
                                                std::size_t count) const {
  std::vector<const Event*> found;
  for (const auto& [subject, event] : open_) {
    if (!after || position_of(event) > *after) found.push_back(&event);
  }
  const auto end = found.begin() + static_cast<std::ptrdiff_t>(std::min(count, found.size()));
  std::ranges::partial_sort(found, end, {}, [](const Event* event) { return position_of(*event); });
  found.erase(end, found.end());
  return found;
}

}  // namespace gensetd::events
