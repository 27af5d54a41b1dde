#include "live/hub.hpp"

#include <algorithm>
#include <utility>

namespace gensetd::live {
namespace {

bool is_foreign(const reading::Reading& reading) { return reading.facts == nullptr; }

std::size_t bytes_of(const reading::Reading& reading) {
  return reading.json.size() + reading.site_code.size();
}

// Of two readings of another process. The same message again is nothing new: a publisher that hangs may
// repeat it.
bool is_newer(const reading::Reading& next, const reading::Reading& held) {
  if (!next.epoch.empty() && next.epoch == held.epoch) return next.seq > held.seq;
  return next.json != held.json;
}

}  // namespace

Hub::Subscription& Hub::Subscription::operator=(Subscription&& other) noexcept {
  std::swap(to_all_, other.to_all_);
  std::swap(hub_, other.hub_);
  std::swap(listener_, other.listener_);
  std::swap(devices_, other.devices_);
  return *this;
}

Hub::Subscription::~Subscription() {
  for (const std::int64_t device_id : devices_) {
    const auto place = hub_->watchers_.find(device_id);
    place->second.erase(std::ranges::find(place->second, listener_));
    if (place->second.empty()) hub_->watchers_.erase(place);
  }
}

Hub::Subscription Hub::subscribe(Listener& listener) {
  Subscription made;
  made.to_all_ = listeners_.subscribe(listener);
  return made;
}

Hub::Subscription Hub::subscribe(Listener& listener, std::set<std::int64_t> devices) {
  Subscription made;
  made.hub_ = this;
  made.listener_ = &listener;
  made.devices_ = std::move(devices);
  for (const std::int64_t device_id : made.devices_) watchers_[device_id].push_back(&listener);
  return made;
}

template <class Tell>
void Hub::tell(std::int64_t device_id, Tell one) const {
  listeners_.tell(one);
  const auto watchers = watchers_.find(device_id);
  if (watchers == watchers_.end()) return;
  for (Listener* listener : watchers->second)
    supervision::attempt(supervision::Task::live, {}, "one listener missed a change",
                         [&] { one(*listener); });
}

Hub::Held& Hub::entry(std::int64_t device_id) {
  // The id first: should memory end between the two, the walk skips an id without an entry.
  const auto place = std::ranges::lower_bound(ids_, device_id);
  if (place == ids_.end() || *place != device_id) ids_.insert(place, device_id);
  return held_[device_id];
}

bool Hub::claim(std::int64_t device_id) {
  Held& held = entry(device_id);
  const bool was_foreign = held.is_foreign();
  if (was_foreign) {
    drop_foreign(held);
    held.cadence = {};
  }
  held.is_own = true;
  if (was_foreign) tell(device_id, [&](Listener& listener) { listener.removed(device_id); });
  return was_foreign;
}

Verdict Hub::publish(ReadingPtr reading) {
  const auto place = held_.find(reading->device_id);
  Held* held = place == held_.end() ? nullptr : &place->second;
  if (const Verdict verdict = judge(held, *reading); verdict != Verdict::newest) return verdict;
  if (held == nullptr) held = &entry(reading->device_id);
  if (held->is_foreign()) {
    drop_foreign(*held);
    if (!is_foreign(*reading)) held->cadence = {};
  }
  held->is_own = held->is_own || !is_foreign(*reading);
  held->newest = std::move(reading);
  if (!held->is_own) {
    ++foreign_.devices;
    foreign_.bytes += bytes_of(*held->newest);
  }
  held->cadence.note(*held->newest);
  tell(held->newest->device_id, [&](Listener& listener) { listener.changed(held->newest); });
  return Verdict::newest;
}

Verdict Hub::judge(const Held* held, const reading::Reading& next) const {
  const bool is_known = held != nullptr && held->newest != nullptr;
  if (!is_foreign(next))
    return is_known && held->is_own && next.seq <= held->newest->seq ? Verdict::outdated : Verdict::newest;
  if (held != nullptr && held->is_own) return Verdict::polled_here;
  if (is_known && !is_newer(next, *held->newest)) return Verdict::outdated;
  const std::size_t others = foreign_.devices - (is_known ? 1 : 0);
  const std::size_t bytes = foreign_.bytes - (is_known ? bytes_of(*held->newest) : 0) + bytes_of(next);
  const bool is_full = others >= foreign_limit_.devices || bytes > foreign_limit_.bytes;
  return is_full ? Verdict::no_room : Verdict::newest;
}

void Hub::drop_foreign(Held& held) {
  --foreign_.devices;
  foreign_.bytes -= bytes_of(*held.newest);
  held.newest.reset();
}

void Hub::remove(std::int64_t device_id) {
  const auto place = held_.find(device_id);
  if (place == held_.end()) return;
  const bool was_known = place->second.newest != nullptr;
  if (place->second.is_foreign()) drop_foreign(place->second);
  held_.erase(place);
  ids_.erase(std::ranges::lower_bound(ids_, device_id));
  if (was_known) tell(device_id, [&](Listener& listener) { listener.removed(device_id); });
}

void Hub::expire_foreign(reading::SteadyTime oldest) {
  if (foreign_.devices == 0) return;
  std::vector<std::int64_t> gone;
  for (const auto& [device_id, held] : held_) {
    if (held.is_foreign() && held.newest->at < oldest) gone.push_back(device_id);
  }
  std::ranges::sort(gone);
  for (const std::int64_t device_id : gone) remove(device_id);
}

ReadingPtr Hub::newest(std::int64_t device_id) const {
  const auto found = held_.find(device_id);
  return found == held_.end() ? nullptr : found->second.newest;
}

std::vector<ReadingPtr> Hub::all() const {
  std::vector<ReadingPtr> readings;
  readings.reserve(held_.size());
  for (const auto& [device_id, held] : held_) {
    if (held.newest) readings.push_back(held.newest);
  }
  std::ranges::sort(readings, {}, [](const ReadingPtr& reading) { return reading->device_id; });
  return readings;
}

ReadingPtr Hub::next_behind(std::int64_t device_id) const {
  // What is claimed and not read yet is passed over.
  for (auto next = std::ranges::upper_bound(ids_, device_id); next != ids_.end(); ++next) {
    if (ReadingPtr reading = newest(*next)) return reading;
  }
  return nullptr;
}

std::optional<std::chrono::milliseconds> Hub::cadence(std::int64_t device_id) const {
  const auto found = held_.find(device_id);
  return found == held_.end() ? std::nullopt : found->second.cadence.median();
}

}  // namespace gensetd::live
