#include "measure/histogram.hpp"

#include <algorithm>
#include <functional>
#include <numeric>

namespace gensetd::measure {

void Histogram::note(Duration duration, std::uint64_t times) {
  const auto bound = std::ranges::lower_bound(bounds, duration);
  buckets_[static_cast<std::size_t>(bound - bounds.begin())] += times;
  sum_ += duration * static_cast<Duration::rep>(times);
}

Histogram& Histogram::operator+=(const Histogram& other) {
  std::ranges::transform(buckets_, other.buckets_, buckets_.begin(), std::plus<>{});
  sum_ += other.sum_;
  return *this;
}

std::uint64_t Histogram::count() const {
  return std::accumulate(buckets_.begin(), buckets_.end(), std::uint64_t{0});
}

}  // namespace gensetd::measure
