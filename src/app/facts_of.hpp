#pragma once

#include "poller/reader.hpp"
#include "profile/profile.hpp"
#include "reading/reading.hpp"
#include "registry/types.hpp"

#include <string>
#include <utility>

namespace gensetd::app {

// What a successful Reader::read_all() says, as a reading without identity.
inline reading::Facts facts_of(const poller::Address& address, profile::ProfilePtr profile,
                               const poller::ReadResult& read) {
  return {.identity = {.device_type = std::string{registry::to_word(profile->device_type)}},
          .profile = profile,
          .timestamp = read.timestamp,
          .online = true,
          .error = poller::describe(address, *profile, read.refused),
          .last_seen = read.timestamp,
          .values = read.values};
}

}  // namespace gensetd::app
