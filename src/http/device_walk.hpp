#pragma once

#include "http/selection.hpp"
#include "live/hub.hpp"

#include <cstdint>
#include <limits>

namespace gensetd::http {

// Walks over the newest readings of the selected devices in the order of their ids, a few at a time. Use:
// next() until it is null; in between, has_told() says whether a change of a device must be told apart from
// the walk, or whether the walk will still come to it. So nothing is lost and nothing comes twice, and no
// reading is held meanwhile.
class DeviceWalk {
 public:
  // Null when all were told.
  live::ReadingPtr next(const live::Hub& hub, const Selection& selection) {
    live::ReadingPtr found = selection ? next_selected(hub, *selection) : hub.next_behind(last_id_);
    last_id_ = found ? found->device_id : std::numeric_limits<std::int64_t>::max();
    return found;
  }

  bool has_told(std::int64_t device_id) const { return device_id <= last_id_; }

 private:
  live::ReadingPtr next_selected(const live::Hub& hub, const std::set<std::int64_t>& selection) const {
    for (auto id = selection.upper_bound(last_id_); id != selection.end(); ++id) {
      if (live::ReadingPtr newest = hub.newest(*id)) return newest;
    }
    return nullptr;
  }

  std::int64_t last_id_ = 0;
};

}  // namespace gensetd::http
