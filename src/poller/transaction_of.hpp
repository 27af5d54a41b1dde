#pragma once

#include "link/transaction.hpp"
#include "poller/device_address.hpp"
#include "profile/profile.hpp"

#include <chrono>

namespace gensetd::poller {

// The transaction that reads `range` from a device with this profile; its unit id is that of `address`. The
// link may also read other registers between the profile's first and last block.
inline link::Transaction transaction_of(const DeviceAddress& address, const profile::Profile& profile,
                                        modbus::ReadRequest range, std::chrono::milliseconds timeout,
                                        std::chrono::milliseconds connect_delay = {},
                                        bool repeatable = false) {
  const profile::Transport& transport = profile.transport(address.protocol);
  const profile::Block& last = profile.blocks.back();
  range.unit_id = address.unit_id;
  return {.request = range,
          .extension = {.first = profile.blocks.front().address,
                        .end = static_cast<std::uint32_t>(last.address) + last.count,
                        .limit = transport.merge_limit},
          .protocol = address.protocol,
          .timeout = timeout,
          .request_gap = transport.request_gap,
          .connect_delay = connect_delay,
          .repeatable = repeatable,
          .requests_in_flight = transport.requests_in_flight};
}

}  // namespace gensetd::poller
