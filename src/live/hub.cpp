#include "live/hub.hpp"

#include <algorithm>
#include <utility>

namespace gensetd::live {

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
  for (Listener* listener : watchers->second) one(*listener);
}

bool Hub::publish(ReadingPtr newest) {
  Held& held = held_[newest->device_id];
  if (held.newest && newest->timestamp <= held.newest->timestamp) return false;
  held.newest = std::move(newest);
  held.cadence.note(*held.newest);
  tell(held.newest->device_id, [&](Listener& listener) { listener.changed(held.newest); });
  return true;
}

void Hub::remove(std::int64_t device_id) {
  if (held_.erase(device_id) == 0) return;
  tell(device_id, [&](Listener& listener) { listener.removed(device_id); });
}

void Hub::expire_foreign(reading::Timestamp oldest) {
  std::vector<std::int64_t> gone;
  for (const auto& [device_id, held] : held_) {
    if (!held.newest->facts && held.newest->timestamp < oldest) gone.push_back(device_id);
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
  for (const auto& [device_id, held] : held_) readings.push_back(held.newest);
  std::ranges::sort(readings, {}, [](const ReadingPtr& reading) { return reading->device_id; });
  return readings;
}

std::optional<std::chrono::milliseconds> Hub::cadence(std::int64_t device_id) const {
  const auto found = held_.find(device_id);
  return found == held_.end() ? std::nullopt : found->second.cadence.median();
}

}  // namespace gensetd::live
