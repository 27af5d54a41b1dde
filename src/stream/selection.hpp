#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>

namespace gensetd::stream {

// The devices that a WebSocket client selects; empty: all.
using Selection = std::optional<std::set<std::int64_t>>;

inline constexpr std::size_t devices_in_list_max = 10'000;

}  // namespace gensetd::stream
