#pragma once

#include "live/hub.hpp"
#include "stream/selection.hpp"

#include <cstdint>
#include <limits>

namespace gensetd::stream {

// Iterates over the newest readings of the selected devices by ascending id, a few at a time. Use: next()
// until it is null. In between, has_passed() says whether a change of a device must be sent separately, or
// whether the walk will still return it. Thus no change is lost or sent twice, and no reading is kept in
// memory meanwhile.
class DeviceWalk {
 public:
  // Null after the last device.
  live::ReadingPtr next(const live::Hub& hub, const Selection& selection) {
    live::ReadingPtr found = selection ? next_selected(hub, *selection) : hub.next_after(last_id_);
    last_id_ = found ? found->device_id : std::numeric_limits<std::int64_t>::max();
    return found;
  }

  bool has_passed(std::int64_t device_id) const { return device_id <= last_id_; }

 private:
  live::ReadingPtr next_selected(const live::Hub& hub, const std::set<std::int64_t>& selection) const {
    for (auto id = selection.upper_bound(last_id_); id != selection.end(); ++id) {
      if (live::ReadingPtr newest = hub.newest(*id)) return newest;
    }
    return nullptr;
  }

  std::int64_t last_id_ = 0;
};

}  // namespace gensetd::stream
