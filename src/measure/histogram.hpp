#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace gensetd::measure {

// A histogram of durations from 0.1 ms to 60 s. All histograms have the same bounds, so one dashboard panel
// fits all. note() costs a search among 18 bounds and two additions, and allocates nothing. One thread; a
// copy may be passed to another.
class Histogram {
 public:
  using Duration = std::chrono::nanoseconds;

  // Inclusive upper bounds, as in Prometheus. Longer durations count in a last bucket without a bound.
  static constexpr std::array<Duration, 18> bounds = [] {
    using std::chrono::microseconds;
    using std::chrono::milliseconds;
    using std::chrono::seconds;
    return std::array<Duration, 18>{microseconds{100},
                                    microseconds{250},
                                    microseconds{500},
                                    milliseconds{1},
                                    milliseconds{2} + microseconds{500},
                                    milliseconds{5},
                                    milliseconds{10},
                                    milliseconds{25},
                                    milliseconds{50},
                                    milliseconds{100},
                                    milliseconds{250},
                                    milliseconds{500},
                                    seconds{1},
                                    milliseconds{2500},
                                    seconds{5},
                                    seconds{10},
                                    seconds{30},
                                    seconds{60}};
  }();

  // Counts `duration` `times` times.
  void note(Duration duration, std::uint64_t times = 1);
  Histogram& operator+=(const Histogram& other);

  std::uint64_t in_bucket(std::size_t index) const { return buckets_[index]; }  // 0 to bounds.size()
  std::uint64_t count() const;
  Duration sum() const { return sum_; }

 private:
  std::array<std::uint64_t, bounds.size() + 1> buckets_{};
  Duration sum_{0};
};

}  // namespace gensetd::measure
