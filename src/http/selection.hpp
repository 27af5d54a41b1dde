#pragma once

#include <cstdint>
#include <optional>
#include <set>

namespace gensetd::http {

// Which devices a WebSocket client wants; empty: all.
using Selection = std::optional<std::set<std::int64_t>>;

}  // namespace gensetd::http
