#include "live/hub.hpp"

#include <algorithm>
#include <utility>

namespace gensetd::live {
namespace {

bool is_foreign(const reading::Reading& reading) { return reading.content == nullptr; }

std::size_t bytes_of(const reading::Reading& reading) {
  return reading.json.size() + reading.site_code.size();
}

// Compares two foreign readings. The same JSON again is not newer: a publisher that hangs may repeat it.
bool is_newer(const reading::Reading& next, const reading::Reading& stored) {
  if (!next.epoch.empty() && next.epoch == stored.epoch) return next.seq > stored.seq;
  return next.json != stored.json;
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
    const auto entry_at = hub_->watchers_.find(device_id);
    entry_at->second.erase(std::ranges::find(entry_at->second, listener_));
    if (entry_at->second.empty()) hub_->watchers_.erase(entry_at);
  }
}

Hub::Subscription Hub::subscribe(ReadingListener& listener) {
  Subscription made;
  made.to_all_ = listeners_.subscribe(listener);
  return made;
}

Hub::Subscription Hub::subscribe(ReadingListener& listener, std::set<std::int64_t> devices) {
  Subscription made;
  made.hub_ = this;
  made.listener_ = &listener;
  made.devices_ = std::move(devices);
  for (const std::int64_t device_id : made.devices_) watchers_[device_id].push_back(&listener);
  return made;
}

template <class Notification>
void Hub::notify(std::int64_t device_id, Notification notification) const {
  listeners_.notify(notification);
  const auto watchers = watchers_.find(device_id);
  if (watchers == watchers_.end()) return;
  for (ReadingListener* listener : watchers->second)
    supervision::attempt(supervision::Task::live, {}, "one listener missed a change",
                         [&] { notification(*listener); });
}

Hub::DeviceEntry& Hub::entry(std::int64_t device_id) {
  // The id is inserted first: if memory runs out before the entry is made, next_after() skips an id without
  // an entry.
  const auto entry_at = std::ranges::lower_bound(ids_, device_id);
  if (entry_at == ids_.end() || *entry_at != device_id) ids_.insert(entry_at, device_id);
  return entries_[device_id];
}

bool Hub::claim(std::int64_t device_id) {
  DeviceEntry& stored = entry(device_id);
  const bool was_foreign = stored.is_foreign();
  if (was_foreign) {
    erase_foreign(stored);
    stored.interval = {};
  }
  stored.is_own = true;
  if (was_foreign) notify(device_id, [&](ReadingListener& listener) { listener.removed(device_id); });
  return was_foreign;
}

PublishResult Hub::publish(ReadingPtr reading) {
  const auto entry_at = entries_.find(reading->device_id);
  DeviceEntry* stored = entry_at == entries_.end() ? nullptr : &entry_at->second;
  if (const PublishResult result = check(stored, *reading); result != PublishResult::newest) return result;
  if (stored == nullptr) stored = &entry(reading->device_id);
  if (stored->is_foreign()) {
    erase_foreign(*stored);
    if (!is_foreign(*reading)) stored->interval = {};
  }
  stored->is_own = stored->is_own || !is_foreign(*reading);
  stored->newest = std::move(reading);
  if (!stored->is_own) {
    ++foreign_.devices;
    foreign_.bytes += bytes_of(*stored->newest);
  }
  stored->interval.note(*stored->newest);
  notify(stored->newest->device_id, [&](ReadingListener& listener) { listener.changed(stored->newest); });
  return PublishResult::newest;
}

PublishResult Hub::check(const DeviceEntry* stored, const reading::Reading& next) const {
  const bool is_known = stored != nullptr && stored->newest != nullptr;
  if (!is_foreign(next))
    return is_known && stored->is_own && next.seq <= stored->newest->seq ? PublishResult::outdated
                                                                         : PublishResult::newest;
  if (stored != nullptr && stored->is_own) return PublishResult::polled_here;
  if (is_known && !is_newer(next, *stored->newest)) return PublishResult::outdated;
  const std::size_t others = foreign_.devices - (is_known ? 1 : 0);
  const std::size_t bytes = foreign_.bytes - (is_known ? bytes_of(*stored->newest) : 0) + bytes_of(next);
  const bool is_full = others >= foreign_limit_.devices || bytes > foreign_limit_.bytes;
  return is_full ? PublishResult::limit_reached : PublishResult::newest;
}

void Hub::erase_foreign(DeviceEntry& stored) {
  --foreign_.devices;
  foreign_.bytes -= bytes_of(*stored.newest);
  stored.newest.reset();
}

void Hub::remove(std::int64_t device_id) {
  const auto entry_at = entries_.find(device_id);
  if (entry_at == entries_.end()) return;
  const bool was_known = entry_at->second.newest != nullptr;
  if (entry_at->second.is_foreign()) erase_foreign(entry_at->second);
  entries_.erase(entry_at);
  ids_.erase(std::ranges::lower_bound(ids_, device_id));
  if (was_known) notify(device_id, [&](ReadingListener& listener) { listener.removed(device_id); });
}

void Hub::expire_foreign(reading::SteadyTime oldest) {
  if (foreign_.devices == 0) return;
  std::vector<std::int64_t> expired;
  for (const auto& [device_id, stored] : entries_) {
    if (stored.is_foreign() && stored.newest->at < oldest) expired.push_back(device_id);
  }
  std::ranges::sort(expired);
  for (const std::int64_t device_id : expired) remove(device_id);
}

ReadingPtr Hub::newest(std::int64_t device_id) const {
  const auto found = entries_.find(device_id);
  return found == entries_.end() ? nullptr : found->second.newest;
}

std::vector<ReadingPtr> Hub::all() const {
  std::vector<ReadingPtr> readings;
  readings.reserve(entries_.size());
  for (const auto& [device_id, stored] : entries_) {
    if (stored.newest) readings.push_back(stored.newest);
  }
  std::ranges::sort(readings, {}, [](const ReadingPtr& reading) { return reading->device_id; });
  return readings;
}

ReadingPtr Hub::next_after(std::int64_t device_id) const {
  // Skips devices that are claimed but not read yet.
  for (auto next = std::ranges::upper_bound(ids_, device_id); next != ids_.end(); ++next) {
    if (ReadingPtr reading = newest(*next)) return reading;
  }
  return nullptr;
}

std::optional<std::chrono::milliseconds> Hub::reading_interval(std::int64_t device_id) const {
  const auto found = entries_.find(device_id);
  return found == entries_.end() ? std::nullopt : found->second.interval.median();
}

}  // namespace gensetd::live
