#pragma once

#include "reading/reading.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace gensetd::live {

// A reading of `device_id`, made `at` milliseconds after the start of both clocks; `at` is also its number.
// An own reading has content, a foreign one has neither content nor epoch.
inline reading::ReadingPtr reading_of(std::int64_t device_id, std::int64_t at, bool own = true) {
  auto made = std::make_shared<reading::Reading>();
  made->device_id = device_id;
  made->timestamp = reading::Timestamp{std::chrono::milliseconds{at}};
  made->at = reading::SteadyTime{std::chrono::milliseconds{at}};
  made->seq = own ? static_cast<std::uint64_t>(at) : 0;
  made->json = std::to_string(at);
  if (own) made->content = std::make_shared<reading::Content>();
  return made;
}

}  // namespace gensetd::live
