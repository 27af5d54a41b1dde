#pragma once

#include "http/server.hpp"
#include "poller/reader.hpp"
#include "profile/profile.hpp"
#include "registry/types.hpp"

#include <string>
#include <utility>

namespace gensetd::app {

// What a Reader found, as the daemon answers it and `gensetd read` prints it. The values only after
// read_all().
inline http::ReadNowResult read_now_of(const poller::Address& address, const profile::ProfilePtr& profile,
                                       poller::ReadResult read) {
  http::ReadNowResult result;
  result.error = std::move(read.error);
  result.latency = read.took;
  result.requests = read.requests;
  result.registers = std::move(read.registers);
  if (!result.error.empty() || read.values.empty()) return result;
  result.facts =
      reading::Facts{.identity = {.device_type = std::string{registry::to_word(profile->device_type)}},
                     .profile = profile,
                     .timestamp = read.timestamp,
                     .online = true,
                     .error = poller::describe(address, *profile, read.refused),
                     .last_seen = read.timestamp,
                     .values = std::move(read.values)};
  return result;
}

}  // namespace gensetd::app
