#pragma once

#include "modbus/raw_values.hpp"
#include "profile/profile.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

// Which controller it is, by registers whose values tell the model. No sockets.
namespace gensetd::profile {

// The ranges that contain the registers of all identity rules, and no others. Neighbouring registers are read
// together as far as the transport allows. Empty: the profile has no rules.
std::vector<modbus::ReadRequest> identity_ranges(const Profile& profile, modbus::Protocol protocol);

// The range of the profile's `firmware`; empty: it has none.
std::optional<modbus::ReadRequest> firmware_range(const Profile& profile);

// A range that was requested and brought no values.
struct UnreadRange {
  modbus::ReadRequest range;
  std::string why;          // "is refused (exception 2)", behind the name of a register
  bool is_refused = false;  // the controller has no such registers
};

enum class IdentityVerdict : std::uint8_t {
  match,     // all rules hold
  mismatch,  // a register has another value: it is another model
  refused,   // the controller has no such register: it is another model
  unread,    // a register was not read: unknown
};

struct Identity {
  IdentityVerdict verdict = IdentityVerdict::unread;
  std::string reason;  // one line with the values that came: "register 768 is 5, not 1"

  bool operator==(const Identity&) const = default;
};

// Evaluates the rules on the values that were read. A value that differs decides, whatever else was not read.
// Empty: the profile has no rules.
std::optional<Identity> evaluate_identity(const Profile& profile, const modbus::RawValues& registers,
                                          std::span<const UnreadRange> unread);

// The controller's version as the profile's `firmware` states it; empty: unknown.
std::optional<std::string> firmware_of(const Profile& profile, const modbus::RawValues& registers);

}  // namespace gensetd::profile
