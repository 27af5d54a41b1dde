#pragma once

#include "history/record.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace gensetd::history {

// The requested part of a record: the time from <= t < to, divided into at most `points` buckets of equal
// length.
struct Period {
  Timestamp from;
  Timestamp to;
  std::size_t points = 1;

  std::chrono::milliseconds step() const;  // at least 1 ms
  std::size_t buckets() const;
};

// The readings of one bucket, as integers like those of the record.
struct Bucket {
  std::int64_t min = 0;
  std::int64_t max = 0;
  profile::Int128 sum = 0;
  std::int64_t count = 0;

  void add(std::int64_t value);
  bool has_tenths() const;           // ten times the mean fits 64 bits
  std::int64_t mean_tenths() const;  // ten times the mean, rounded half away from zero
  std::int64_t mean() const;         // rounded in the same way
  bool operator==(const Bucket&) const = default;
};

using Buckets = std::vector<std::optional<Bucket>>;

// The buckets of each of `fields` (indices of the profile). A bucket before `now` without a reading has the
// value of the previous reading, unless that is older than `value_lifetime`: so buckets shorter than the poll
// interval do not alternate with gaps. A gap is empty, never 0.
std::vector<Buckets> buckets_of(const Record& record, const std::vector<std::size_t>& fields,
                                const Period& period, std::chrono::milliseconds value_lifetime,
                                Timestamp now);

// [min,max,mean] as exact decimals, the mean with one decimal more; null for a gap.
void append_bucket(std::string& out, const std::optional<Bucket>& bucket, unsigned decimals);

}  // namespace gensetd::history
