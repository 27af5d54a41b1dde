#pragma once

#include "live/hub.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>

namespace gensetd::stream {

// The JSON object of a reading with the overview's fields only: modes, alarms, state, breakers and the few
// quantities on a device's card, as the table of roles (profile/roles.hpp) says. A reading of another process
// stays complete, because only its bytes are known.
std::string print_overview(const reading::Reading& reading);

// The overviews of the newest readings, printed once for all clients. Empty while there is no user. Use:
// add_user(), forget() for each device that the hub removes, remove_user(). One thread.
class OverviewCache {
 public:
  void add_user() { ++users_; }
  void remove_user() {
    if (--users_ == 0) printed_.clear();
  }

  // The reference is valid until the next call.
  const std::string& overview_of(const live::ReadingPtr& reading);

  void forget(std::int64_t device_id) { printed_.erase(device_id); }

 private:
  struct Printed {
    live::ReadingPtr reading;
    std::string json;
  };
  std::unordered_map<std::int64_t, Printed> printed_;
  std::size_t users_ = 0;
};

}  // namespace gensetd::stream
