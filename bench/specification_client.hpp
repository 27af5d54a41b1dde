#pragma once

#include "profile/profile.hpp"

#include <chrono>
#include <cstdint>
#include <vector>

// The client that the specification describes for the HGM9560 (phase 2, critical points): blocking, each
// block a request of its own, with fixed pauses.
namespace gensetd::bench {

inline constexpr std::chrono::milliseconds flush_timeout{100};  // reads stale data until then
inline constexpr std::chrono::milliseconds pause_after_sending{150};
inline constexpr std::chrono::milliseconds pause_between_blocks{50};

// Reads all blocks so many times from 127.0.0.1:port; how long each time took. Throws std::runtime_error when
// an answer is not what it should be.
std::vector<std::chrono::nanoseconds> read_as_specified(std::uint16_t port, std::uint8_t unit_id,
                                                        const std::vector<profile::Block>& blocks, int times);

}  // namespace gensetd::bench
