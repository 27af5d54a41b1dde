#pragma once

#include <chrono>

namespace gensetd::simulator {

// Plant time advances in whole steps of this length, so that a seed gives the same history at any speed.
inline constexpr std::chrono::milliseconds plant_step{100};
inline constexpr double step_seconds = 0.1;
static_assert(plant_step == std::chrono::milliseconds{100});

}  // namespace gensetd::simulator
