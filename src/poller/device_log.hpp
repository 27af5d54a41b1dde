#pragma once

#include "log/log.hpp"
#include "poller/poll_target.hpp"

#include <fmt/format.h>

#include <string>

namespace gensetd::poller {

// The fields that identify the device of a log event.
inline log::LogEvent device_event(log::LogEvent event, const PollTarget& target) {
  event.field("device_id", target.identity.device_id).field("site", target.identity.site_code);
  return event;
}

// "device 3 MKZ/Genset 1".
inline std::string device_label(const PollTarget& target) {
  return fmt::format("device {} {}/{}", target.identity.device_id, target.identity.site_code, target.name);
}

}  // namespace gensetd::poller
