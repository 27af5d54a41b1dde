#pragma once

#include "link/transaction.hpp"
#include "poller/cycle.hpp"
#include "profile/profile.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace gensetd::poller {

// Where a request went.
struct Address {
  std::string host;
  std::uint16_t port = 502;
  std::uint8_t unit_id = 1;
  modbus::Protocol protocol = modbus::Protocol::tcp;

  bool operator==(const Address&) const = default;
};

// One line for people: where, at which step, what happened, and what to check, e.g.
// "192.168.97.10:502 unit 1: no answer within 2.0 s to read 120..135; the port is open: check …".
std::string describe(const Address& address, const link::Outcome& outcome, std::chrono::milliseconds timeout);

// The same for an error of gensetd itself: no response was evaluated.
std::string describe_unexpected(const Address& address, std::string_view error);

// One line that names the blocks refused and why; empty when there are none.
std::string describe(const Address& address, const profile::Profile& profile,
                     const std::vector<RefusedBlock>& refused);

}  // namespace gensetd::poller
