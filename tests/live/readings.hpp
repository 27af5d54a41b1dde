#pragma once

#include "reading/reading.hpp"

#include <memory>

namespace gensetd::live {

// A reading of `device_id` made `at` milliseconds after the epoch; with facts when it is this daemon's own.
inline reading::ReadingPtr reading_of(std::int64_t device_id, std::int64_t at, bool own = true) {
  auto made = std::make_shared<reading::Reading>();
  made->device_id = device_id;
  made->timestamp = reading::Timestamp{std::chrono::milliseconds{at}};
  if (own) made->facts = std::make_shared<reading::Facts>();
  return made;
}

}  // namespace gensetd::live
