#pragma once

#include "link/transaction.hpp"
#include "poller/cycle.hpp"
#include "poller/device_address.hpp"
#include "profile/profile.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace gensetd::poller {

// One line for people: where, what happened at which step, and what to check, e.g.
// "192.168.97.10:502 unit 1: no answer within 2.0 s to read 120..135; the port is open: check …".
std::string describe(const DeviceAddress& address, const link::Outcome& outcome,
                     std::chrono::milliseconds timeout);

// The same for an error inside gensetd.
std::string describe_unexpected(const DeviceAddress& address, std::string_view error);

// Blocks of a successful cycle without data.
struct MissingBlocks {
  std::vector<RefusedBlock> refused;
  std::vector<std::uint16_t> unread;  // see Cycle::unread()
};

// One line that names the blocks and the reasons; empty when there are none.
std::string describe(const DeviceAddress& address, const profile::Profile& profile,
                     const MissingBlocks& missing);

}  // namespace gensetd::poller
