#pragma once

#include <cstdint>
#include <optional>
#include <set>

namespace gensetd::http {

// Which devices a WebSocket client wants; empty: all.
using Selection = std::optional<std::set<std::int64_t>>;

inline bool is_selected(const Selection& selection, std::int64_t device_id) {
  return !selection || selection->contains(device_id);
}

}  // namespace gensetd::http
