#pragma once

#include "api/api_services.hpp"
#include "poller/reader.hpp"
#include "profile/profile.hpp"
#include "profile/words.hpp"
#include "registry/types.hpp"

#include <string>
#include <utility>

namespace gensetd::daemon {

// The result of a Reader in the form that the API and `gensetd read` use. It contains values only after
// read_all().
inline api::ReadNowResult read_now_of(const poller::DeviceAddress& address,
                                      const profile::ProfilePtr& profile, poller::ReadResult read) {
  api::ReadNowResult result;
  result.error = std::move(read.error);
  result.latency = read.took;
  result.requests = read.requests;
  result.registers = std::move(read.registers);
  if (!result.error.empty() || read.values.empty()) return result;
  result.content =
      reading::Content{.identity = {.device_type = std::string{profile::to_word(profile->device_type)}},
                       .profile = profile,
                       .timestamp = read.timestamp,
                       .online = true,
                       .error = poller::describe(address, *profile, read.missing),
                       .last_seen = read.timestamp,
                       .values = std::move(read.values),
                       .texts = std::move(read.texts),
                       .alarm_words = std::move(read.alarm_words)};
  return result;
}

}  // namespace gensetd::daemon
