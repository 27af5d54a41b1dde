#pragma once

#include <chrono>
#include <cstdint>
#include <random>

namespace gensetd::simulation {

// The only source of random numbers of a run, used in the order of events. Unlike the distributions of the
// standard library, it gives the same numbers with every library.
class RandomSource {
 public:
  explicit RandomSource(std::uint64_t seed) : random_(seed) {}

  std::uint64_t bits() { return random_(); }
  std::uint64_t below(std::uint64_t limit) { return random_() % limit; }
  bool happens(double probability) { return static_cast<double>(random_() >> 11) * 0x1.0p-53 < probability; }
  std::chrono::microseconds between(std::chrono::microseconds least, std::chrono::microseconds most) {
    return least + std::chrono::microseconds{static_cast<std::int64_t>(
                       below(static_cast<std::uint64_t>((most - least).count()) + 1))};
  }

 private:
  std::mt19937_64 random_;
};

}  // namespace gensetd::simulation
