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

// One line that names the refused blocks and the reasons; empty when there are none.
std::string describe(const DeviceAddress& address, const profile::Profile& profile,
                     const std::vector<RefusedBlock>& refused);

}  // namespace gensetd::poller
