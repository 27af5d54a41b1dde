#pragma once

#include <chrono>

namespace gensetd::reading {

// Wall time, for display. It follows the system clock and may go back.
using Timestamp = std::chrono::sys_time<std::chrono::milliseconds>;

// Monotonic time, for ages, intervals and expiry. Meaningless outside this process.
using SteadyTime = std::chrono::steady_clock::time_point;

}  // namespace gensetd::reading
