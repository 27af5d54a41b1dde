#pragma once

#include <cstdint>

namespace gensetd::simulator {

// SplitMix64: eight bytes of state and the same numbers on every machine, which the distributions of the
// standard library do not guarantee.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    state_ += 0x9E3779B97F4A7C15U;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
  }

  double unit() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }  // 0 <= x < 1
  double between(double low, double high) { return low + (high - low) * unit(); }
  bool chance(double probability) { return unit() < probability; }

 private:
  std::uint64_t state_;
};

// The seed of part `index` of an object with `seed`.
inline std::uint64_t seed_of_part(std::uint64_t seed, std::uint64_t index) {
  return Random(seed ^ Random(index + 1).next()).next();
}

// A random value around 0, mostly within `spread`, that returns to 0 within some seconds.
class Drift {
 public:
  explicit Drift(double spread) : spread_(spread) {}
  double value() const { return value_; }

  void step(Random& random) {
    constexpr double relaxation = 0.02;  // of the distance in one step
    constexpr double kick = 0.2;         // keeps the standard deviation near 0.6 of the spread
    value_ += spread_ * kick * random.between(-1, 1) - value_ * relaxation;
  }

 private:
  double spread_;
  double value_ = 0;
};

}  // namespace gensetd::simulator
