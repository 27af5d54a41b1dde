#pragma once

#include "events/event.hpp"
#include "profile/profile.hpp"
#include "profile/role.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace gensetd::events {

// A kind of event and its texts. {placeholders} in a text are members of the event's args.
struct EventCode {
  std::string_view code;
  EventKind kind;
  std::optional<int> priority;
  std::string_view en;
  std::string_view ru;
};

std::span<const EventCode> catalogue();
const EventCode& code_of(std::string_view code);  // throws std::logic_error for an unknown code

// The codes of a field with a role. Of alarms: the alarm while the bit is set, the most severe first.
struct RoleCode {
  profile::Role role;
  std::string_view code;
};
struct RoleBitCodes {
  profile::Role role;
  std::string_view on;
  std::string_view off;
};
std::span<const RoleCode> alarm_codes();
std::span<const RoleBitCodes> bit_codes();
std::span<const RoleCode> change_codes();

// The member of an alarm's args with the number of alarms on the controller.
inline constexpr std::string_view alarms_total_arg = "alarm_count";

enum class Language : bool { english, russian };

// The text of an event with its placeholders replaced; one without a value in args remains as it is.
std::string text_of(const Event& event, Language language);

}  // namespace gensetd::events
