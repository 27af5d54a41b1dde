#pragma once

#include "link/transaction.hpp"
#include "poller/device_address.hpp"
#include "profile/profile.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

namespace gensetd::poller {

// What the link may read in addition to `range`, to make a response distinguishable: addresses between the
// first and the last block of the same table, as many as the transport allows.
inline link::ExtensionRange extension_of(const profile::Profile& profile, const profile::Transport& transport,
                                         const modbus::ReadRequest& range) {
  if (transport.whole_blocks) return {};
  std::optional<link::ExtensionRange> extension;
  for (const profile::Block& block : profile.blocks) {
    if (block.table != range.function) continue;
    if (!extension) extension.emplace(block.address, 0, std::uint16_t{0});
    extension->first = std::min(extension->first, std::uint32_t{block.address});
    extension->end = std::max(extension->end, static_cast<std::uint32_t>(block.end()));
  }
  if (!extension) return {};
  const int bits = modbus::reads_bits(range.function) ? 16 : 1;
  extension->limit = static_cast<std::uint16_t>(
      std::min(bits * int{transport.merge_limit}, range.count + bits * int{transport.gap_max}));
  return *extension;
}

// The transaction that reads `range` from a device with this profile; its unit id is that of `address`.
inline link::Transaction transaction_of(const DeviceAddress& address, const profile::Profile& profile,
                                        modbus::ReadRequest range, std::chrono::milliseconds timeout,
                                        std::chrono::milliseconds connect_delay = {},
                                        bool repeatable = false) {
  const profile::Transport& transport = profile.transport(address.protocol);
  range.unit_id = address.unit_id;
  return {.request = range,
          .extension = extension_of(profile, transport, range),
          .protocol = address.protocol,
          .timeout = timeout,
          .request_gap = transport.request_gap,
          .connect_delay = connect_delay,
          .repeatable = repeatable,
          .requests_in_flight = transport.requests_in_flight};
}

}  // namespace gensetd::poller
