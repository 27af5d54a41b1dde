#pragma once

#include "live/hub.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

namespace gensetd::http {

// Whether a field belongs to what is shown of many devices at once: modes, alarms, state, breakers and the
// few quantities of a card.
bool is_in_overview(std::string_view field);

// The message of a reading with the overview's fields alone, as an object. Another process's reading, of
// which nothing is known but its bytes, stays whole.
std::string print_overview(const reading::Reading& reading);

// The overviews of the newest readings, printed once for all clients; nothing is held while nobody listens.
// Use: enter(), then forget() what the hub forgets, until leave(). One thread.
class Overviews {
 public:
  void enter() { ++users_; }
  void leave() {
    if (--users_ == 0) printed_.clear();
  }

  // Valid until the next call.
  const std::string& of(const live::ReadingPtr& reading);

  void forget(std::int64_t device_id) { printed_.erase(device_id); }

 private:
  struct Printed {
    live::ReadingPtr reading;
    std::string json;
  };
  std::unordered_map<std::int64_t, Printed> printed_;
  std::size_t users_ = 0;
};

}  // namespace gensetd::http
