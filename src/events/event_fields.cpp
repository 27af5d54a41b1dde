#include "events/event_fields.hpp"

#include "profile/roles.hpp"

#include <algorithm>

namespace gensetd::events {

using profile::index_of;
using profile::named_role;

EventFields::EventFields(const profile::Profile& profile)
    : modes{index_of(profile, named_role("mode.auto")), index_of(profile, named_role("mode.manual")),
            index_of(profile, named_role("mode.stop")), index_of(profile, named_role("mode.test"))},
      common_alarm(index_of(profile, named_role("alarm.common"))),
      alarms_total(index_of(profile, named_role("alarm.count"))) {
  const bool has_bits = std::ranges::any_of(modes, [](const auto& bit) { return bit.has_value(); });
  if (!has_bits) mode = index_of(profile, named_role("mode"));
  for (const auto& [role, code] : alarm_codes()) {
    if (const auto field = index_of(profile, role)) alarms.push_back({*field, code});
  }
  for (const auto& [role, on, off] : bit_codes()) {
    if (const auto field = index_of(profile, role)) bits.push_back({*field, on, off});
  }
  for (const auto& [role, code] : change_codes()) {
    if (const auto field = index_of(profile, role)) coded.push_back({*field, code});
  }
}

}  // namespace gensetd::events
