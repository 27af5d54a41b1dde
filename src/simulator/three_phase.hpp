#pragma once

#include <array>
#include <cmath>

namespace gensetd::simulator {

inline constexpr double nominal_phase_voltage = 230.0;  // 398 V between phases
inline constexpr double nominal_frequency = 50.0;
inline constexpr double square_root_of_3 = 1.7320508075688772;

using Phases = std::array<double, 3>;  // A, B, C

// The voltages AB, BC and CA of a star connection with 120 degrees between the phases.
inline Phases line_voltages(const Phases& phase) {
  const auto between = [](double u, double v) { return std::sqrt(u * u + v * v + u * v); };
  return {between(phase[0], phase[1]), between(phase[1], phase[2]), between(phase[2], phase[0])};
}

inline double mean(const Phases& values) { return (values[0] + values[1] + values[2]) / 3; }

}  // namespace gensetd::simulator
