#pragma once

#include "history/record.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace gensetd::history {

// What is asked of a record: the time from <= t < to, cut into at most `points` buckets of equal length.
struct Period {
  Timestamp from;
  Timestamp to;
  std::size_t points = 1;

  std::chrono::milliseconds step() const;  // at least 1 ms
  std::size_t buckets() const;
};

// The readings of one bucket, as whole numbers like those of the record.
struct Bucket {
  std::int64_t min = 0;
  std::int64_t max = 0;
  std::int64_t sum = 0;
  std::int64_t count = 0;

  void add(std::int64_t value);
  std::int64_t mean_tenths() const;  // ten times the mean, rounded half away from zero
  bool operator==(const Bucket&) const = default;
};

using Buckets = std::vector<std::optional<Bucket>>;

// For each of `fields` (indices of the profile) its buckets. A bucket without a reading has the one before
// it, as long as that is not older than `lasting` and before `now`: where buckets are shorter than the
// readings are apart, not every second one is a gap. A gap is empty, never 0.
std::vector<Buckets> buckets_of(const Record& record, const std::vector<std::size_t>& fields,
                                const Period& period, std::chrono::milliseconds lasting, Timestamp now);

// [min,max,mean] as exact decimals, the mean with one decimal more; null for a gap.
void append_bucket(std::string& out, const std::optional<Bucket>& bucket, unsigned decimals);

}  // namespace gensetd::history
