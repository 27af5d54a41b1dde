#pragma once

// Ranges of what a device may override, and the daemon's settings of the same names (PRODUCT.md, 3 and 7).
namespace gensetd::registry {

struct Range {
  double least = 0;
  double most = 0;

  bool contains(double value) const { return value >= least && value <= most; }  // false for NaN
};

inline constexpr Range poll_interval_seconds{0.1, 86'400};
inline constexpr Range modbus_timeout_seconds{0.05, 60};
inline constexpr Range retry_delay_seconds{0.05, 3'600};
inline constexpr Range offline_after_cycles{1, 1'000};
inline constexpr Range connect_delay_seconds{0, 10};

}  // namespace gensetd::registry
