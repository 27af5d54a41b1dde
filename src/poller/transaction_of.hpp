#pragma once

#include "link/transaction.hpp"
#include "poller/describe.hpp"
#include "profile/profile.hpp"

#include <chrono>

namespace gensetd::poller {

// How `range` (its unit id is the address's) is read from a device with this profile. Beside the registers
// wanted those between the profile's first and last block may be read.
inline link::Transaction transaction_of(const Address& address, const profile::Profile& profile,
                                        modbus::ReadRequest range, std::chrono::milliseconds timeout,
                                        std::chrono::milliseconds connect_delay = {},
                                        bool repeatable = false) {
  const profile::Transport& transport = profile.transport(address.protocol);
  const profile::Block& last = profile.blocks.back();
  range.unit_id = address.unit_id;
  return {.request = range,
          .room = {.first = profile.blocks.front().address,
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
