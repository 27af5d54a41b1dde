#include "history/history.hpp"

#include <algorithm>

namespace gensetd::history {

void History::start() {
  subscription_ = hub_.subscribe(*this);
  for (const auto& newest : hub_.all()) changed(newest);
}

void History::changed(const live::ReadingPtr& newest) {
  if (!newest->content) return;  // published by another process
  const std::int64_t device_id = newest->device_id;
  const auto known = records_.find(device_id);
  if (known != records_.end() && known->second.profile() != newest->content->profile) removed(device_id);
  const auto [place, is_new] = records_.try_emplace(device_id, newest->content->profile);
  Record& record = place->second;
  const auto oldest = record.oldest();
  const std::size_t bytes = is_new ? 0 : record.bytes();
  add_reading(record, *newest->content);
  update_totals(device_id, record, oldest, bytes);
  newest_ = std::max(newest_, newest->content->at);
  keep_within_bytes();
}

void History::add_reading(Record& record, const reading::Content& content) {
  const reading::ClockPair when{content.at, content.timestamp};
  record.drop_older(when.steady - options_.span);
  if (content.is_fresh()) {
    record.append(when, content.values);
  } else if (!content.online) {
    record.append_gap(when);
  }
}

void History::removed(std::int64_t device_id) {
  const auto found = records_.find(device_id);
  if (found == records_.end()) return;
  bytes_ -= found->second.bytes();
  if (const auto oldest = found->second.oldest()) oldest_.erase({*oldest, device_id});
  records_.erase(found);
}

void History::update_totals(std::int64_t device_id, Record& record, std::optional<SteadyTime> oldest_before,
                            std::size_t bytes_before) {
  bytes_ = bytes_ - bytes_before + record.bytes();
  const auto oldest = record.oldest();
  if (oldest == oldest_before) return;
  if (oldest_before) oldest_.erase({*oldest_before, device_id});
  if (oldest) oldest_.insert({*oldest, device_id});
}

void History::keep_within_bytes() {
  while (bytes_ > options_.bytes_max && !oldest_.empty()) {
    const auto [time, device_id] = *oldest_.begin();
    Record& record = records_.at(device_id);
    const std::size_t bytes = record.bytes();
    record.drop_oldest();
    update_totals(device_id, record, time, bytes);
  }
}

const Record* History::record(std::int64_t device_id) const {
  const auto found = records_.find(device_id);
  return found == records_.end() ? nullptr : &found->second;
}

std::size_t History::bytes_of(std::int64_t device_id) const {
  const Record* found = record(device_id);
  return found == nullptr ? 0 : found->bytes();
}

HistoryMetrics History::metrics() const {
  return {.devices = records_.size(),
          .bytes = bytes_,
          .bytes_max = options_.bytes_max,
          .span = oldest_.empty()
                      ? std::chrono::milliseconds{0}
                      : std::chrono::floor<std::chrono::milliseconds>(newest_ - oldest_.begin()->first)};
}

}  // namespace gensetd::history
