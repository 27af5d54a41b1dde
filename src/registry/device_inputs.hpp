#pragma once

#include "profile/text.hpp"

#include <boost/json/value.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace gensetd::registry {

// How events report an alarm that a digital input raises. status: an event without priority; spare: not at
// all. Both only for alarms that may be suppressed (profile::may_be_suppressed()).
enum class InputKind : std::uint8_t { alarm, status, spare };
std::string_view to_word(InputKind kind);

// What a site has connected to a digital input of a controller.
struct DigitalInput {
  profile::Text label;
  InputKind kind = InputKind::alarm;
  bool operator==(const DigitalInput&) const = default;
};

inline constexpr std::uint8_t inputs_max = 32;
using Inputs = std::map<std::uint8_t, DigitalInput>;  // by number, 1..inputs_max

// The JSON form in requests and exports. Empty on failure; then `allowed` describes the allowed form and the
// first mistake.
std::optional<Inputs> parse_inputs(const boost::json::value& value, std::string& allowed);

std::string print_inputs(const Inputs& inputs);

}  // namespace gensetd::registry
