#include "live/mailbox.hpp"

#include <utility>

namespace gensetd::live {

bool Mailbox::put(reading::ReadingPtr newest) {
  const std::int64_t device_id = newest->device_id;
  const auto entry = waiting_.find(device_id);
  if (entry != waiting_.end()) {
    entry->second = std::move(newest);
    return true;
  }
  order_.push_back(device_id);
  try {
    if (spare_.empty()) {
      waiting_.emplace(device_id, std::move(newest));
    } else {
      spare_.key() = device_id;
      spare_.mapped() = std::move(newest);
      waiting_.insert(std::move(spare_));
    }
  } catch (...) {
    order_.pop_back();  // out of memory: keep order_ equal to the keys of waiting_
    throw;
  }
  return false;
}

void Mailbox::forget(std::int64_t device_id) {
  // Erased from the order too: a device that is removed and added repeatedly must not make it grow.
  if (waiting_.erase(device_id) != 0) std::erase(order_, device_id);
}

reading::ReadingPtr Mailbox::take() {
  if (order_.empty()) return nullptr;
  spare_ = waiting_.extract(order_.front());
  order_.pop_front();
  return std::move(spare_.mapped());
}

void Mailbox::clear() {
  order_.clear();
  waiting_.clear();
}

}  // namespace gensetd::live
