#include "live/hub.hpp"

#include <algorithm>
#include <utility>

namespace gensetd::live {

Hub::Subscription::Subscription(Subscription&& other) noexcept
    : hub_(std::exchange(other.hub_, nullptr)), listener_(std::exchange(other.listener_, nullptr)) {}

Hub::Subscription& Hub::Subscription::operator=(Subscription&& other) noexcept {
  std::swap(hub_, other.hub_);
  std::swap(listener_, other.listener_);
  return *this;
}

Hub::Subscription::~Subscription() {
  if (hub_ != nullptr) std::erase(hub_->listeners_, listener_);
}

bool Hub::publish(ReadingPtr newest) {
  ReadingPtr& held = newest_[newest->device_id];
  if (held && newest->timestamp <= held->timestamp) return false;
  held = std::move(newest);
  for (Listener* listener : listeners_) listener->changed(held);
  return true;
}

void Hub::remove(std::int64_t device_id) {
  if (newest_.erase(device_id) == 0) return;
  for (Listener* listener : listeners_) listener->removed(device_id);
}

void Hub::expire_foreign(reading::Timestamp oldest) {
  std::vector<std::int64_t> gone;
  for (const auto& [device_id, held] : newest_) {
    if (!held->facts && held->timestamp < oldest) gone.push_back(device_id);
  }
  for (const std::int64_t device_id : gone) remove(device_id);
}

ReadingPtr Hub::newest(std::int64_t device_id) const {
  const auto found = newest_.find(device_id);
  return found == newest_.end() ? nullptr : found->second;
}

std::vector<ReadingPtr> Hub::all() const {
  std::vector<ReadingPtr> readings;
  readings.reserve(newest_.size());
  for (const auto& [device_id, held] : newest_) readings.push_back(held);
  return readings;
}

Hub::Subscription Hub::subscribe(Listener& listener) {
  listeners_.push_back(&listener);
  return {*this, listener};
}

}  // namespace gensetd::live
