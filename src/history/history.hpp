#pragma once

#include "history/buckets.hpp"
#include "history/record.hpp"
#include "live/hub.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>

namespace gensetd::history {

struct HistoryOptions {
  std::chrono::seconds span{3'600};  // readings older than this by the steady clock are dropped
  std::size_t bytes_max =
      64'000'000;  // of all devices together; beyond it the oldest readings of all are dropped
};

// Counters for /metrics.
struct HistoryMetrics {
  std::size_t devices = 0;
  std::size_t bytes = 0;
  std::size_t bytes_max = 0;
  std::chrono::milliseconds span{0};  // from the oldest reading held to the newest
};

// The recent readings of every device that this process polls, in memory. Use: start() once; record() for a
// device. One thread.
class History final : public live::ReadingListener {
 public:
  History(live::Hub& hub, HistoryOptions options) : hub_(hub), options_(options) {}

  void start();
  void stop() { const live::Hub::Subscription ended = std::move(subscription_); }

  const Record* record(std::int64_t device_id) const;  // null: no reading so far
  std::size_t bytes_of(std::int64_t device_id) const;
  const HistoryOptions& options() const { return options_; }
  HistoryMetrics metrics() const;

 private:
  void changed(const live::ReadingPtr& newest) override;
  void removed(std::int64_t device_id) override;

  void add_reading(Record& record, const reading::Content& content);
  void update_totals(std::int64_t device_id, Record& record, std::optional<SteadyTime> oldest_before,
                     std::size_t bytes_before);
  void keep_within_bytes();

  live::Hub& hub_;
  const HistoryOptions options_;
  live::Hub::Subscription subscription_;
  std::unordered_map<std::int64_t, Record> records_;
  std::set<std::pair<SteadyTime, std::int64_t>> oldest_;  // of each device that has a reading
  std::size_t bytes_ = 0;
  SteadyTime newest_{};
};

}  // namespace gensetd::history
