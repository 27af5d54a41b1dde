#pragma once

// Ranges of the settings that a device may override (PRODUCT.md, 3 and 7). The daemon's settings have the
// same.
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
