#pragma once

#include "reading/reading.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace gensetd::live {

// A reading of `device_id` made `at` milliseconds after the beginning of both clocks, which is its number
// too; with facts when it is this daemon's own, else without an epoch.
inline reading::ReadingPtr reading_of(std::int64_t device_id, std::int64_t at, bool own = true) {
  auto made = std::make_shared<reading::Reading>();
  made->device_id = device_id;
  made->timestamp = reading::Timestamp{std::chrono::milliseconds{at}};
  made->at = reading::SteadyTime{std::chrono::milliseconds{at}};
  made->seq = own ? static_cast<std::uint64_t>(at) : 0;
  made->json = std::to_string(at);
  if (own) made->facts = std::make_shared<reading::Facts>();
  return made;
}

}  // namespace gensetd::live
