#include "poller/poll_target.hpp"

#include "profile/words.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace gensetd::poller {

PollTarget target_of(const registry::Device& device, const registry::Site& site, profile::ProfilePtr profile,
                     const PollSettings& defaults) {
  return {.identity = {.device_id = device.id,
                       .site_code = site.code,
                       .device_type = std::string{profile::to_word(device.device_type)}},
          .name = device.name,
          .address = {.host = device.ip_address,
                      .port = device.port,
                      .unit_id = device.slave_id,
                      .protocol = device.protocol},
          .profile = std::move(profile),
          .settings = {.poll_interval = own_or(device.poll_interval, defaults.poll_interval),
                       .modbus_timeout = own_or(device.modbus_timeout, defaults.modbus_timeout),
                       .retry_delay = own_or(device.retry_delay, defaults.retry_delay),
                       .offline_after = std::max(1, device.offline_after.value_or(defaults.offline_after)),
                       .connect_delay = own_or(device.connect_delay, std::chrono::milliseconds{0})}};
}

}  // namespace gensetd::poller
