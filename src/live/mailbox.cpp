#include "live/mailbox.hpp"

#include <utility>

namespace gensetd::live {

bool Mailbox::put(reading::ReadingPtr newest) {
  const std::int64_t device_id = newest->device_id;
  const auto [place, is_new] = waiting_.insert_or_assign(device_id, std::move(newest));
  if (is_new) order_.push_back(device_id);
  return !is_new;
}

void Mailbox::forget(std::int64_t device_id) {
  // Its place in the order goes too: a device that is removed and added again and again must not grow it.
  if (waiting_.erase(device_id) != 0) std::erase(order_, device_id);
}

reading::ReadingPtr Mailbox::take() {
  if (order_.empty()) return nullptr;
  auto taken = waiting_.extract(order_.front());
  order_.pop_front();
  return std::move(taken.mapped());
}

void Mailbox::clear() {
  order_.clear();
  waiting_.clear();
}

}  // namespace gensetd::live
