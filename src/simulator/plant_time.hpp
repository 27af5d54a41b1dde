#pragma once

#include <chrono>

namespace gensetd::simulator {

// The plant is stepped in whole steps of this length, so that a seed has one history whatever the clock does.
inline constexpr std::chrono::milliseconds plant_step{100};
inline constexpr double step_seconds = 0.1;
static_assert(plant_step == std::chrono::milliseconds{100});

}  // namespace gensetd::simulator
