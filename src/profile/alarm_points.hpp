#pragma once

#include "modbus/read_request.hpp"
#include "profile/text.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gensetd::profile {

// What a controller does when an alarm is raised. `indication`: a state that is no alarm.
enum class AlarmClass : std::uint8_t {
  shutdown,
  trip_stop,
  trip,
  safety_trip_stop,
  safety_trip,
  block,
  mains_trip,
  warning,
  indication,
};
inline constexpr std::size_t alarm_class_count = 9;

// 1 (worst) to 3; empty for an indication, which is an event without an end.
std::optional<int> default_priority(AlarmClass alarm_class);

// Whether the alarm may be reported only while the engine runs, and whether a site may call its digital input
// a status or spare. A protection that stops or trips a genset must always be reported.
constexpr bool may_be_suppressed(AlarmClass alarm_class) {
  return alarm_class == AlarmClass::warning || alarm_class == AlarmClass::indication;
}

// How the codes of events of alarm points begin.
inline constexpr std::string_view point_prefix = "alarm:";

// One alarm of a controller: bits of a register, or a coil or discrete input.
struct AlarmPoint {
  std::string code;  // "alarm:<group>.<code>", the event's code
  modbus::TableAddress word;
  std::uint16_t mask = 1;              // of the register; 1 for a coil or discrete input
  std::optional<std::uint16_t> value;  // the bits of the mask, shifted down, when it is on; empty: not 0
  AlarmClass alarm_class = AlarmClass::warning;
  std::optional<int> priority;
  Text label;
  Text help;                  // meaning, likely cause, what to do; may be empty
  std::uint8_t input = 0;     // digital input 1..32 of the controller that raises it; 0: another cause
  bool is_latched = false;    // stays on until it is reset at the controller's panel
  bool is_confirmed = true;   // false: texts name the register and the bit
  bool only_running = false;  // is reported only while the engine is known to run

  bool is_on(std::uint16_t raw) const {
    const auto bits = static_cast<std::uint16_t>(raw & mask);
    return value ? bits == static_cast<std::uint16_t>(*value * (mask & -mask)) : bits != 0;
  }
};

// A register, coil or discrete input that contains alarms.
struct AlarmWord {
  modbus::TableAddress place;
  std::uint16_t block = 0;        // index in Profile::blocks
  std::uint32_t first_point = 0;  // Profile::alarm_points first_point..end_point-1
  std::uint32_t end_point = 0;
};

// What alarms of a profile have in common.
struct AlarmGroup {
  std::string name;
  std::optional<AlarmClass> alarm_class;  // empty: each point has `values`
  std::optional<int> priority;            // instead of default_priority()
  bool is_latched = false;
  bool is_confirmed = true;
};

// "register 2, bit 13", "coil 40": where the controller has the alarm.
Text place_of(const AlarmPoint& point);

// The label, the place unless the point is confirmed, and "reset at the panel" for a latched one.
Text text_of(const AlarmPoint& point, const Text& label);

}  // namespace gensetd::profile
