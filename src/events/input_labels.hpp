#pragma once

#include "profile/alarm_points.hpp"
#include "registry/device_inputs.hpp"

#include <optional>

// What a site says about a digital input, applied to an alarm point that this input raises. `inputs` is null
// when the site says nothing.
namespace gensetd::events {

// How the point is reported. `alarm` unless it is a warning or an indication: a protection that stops or
// trips a genset must always be reported.
registry::InputKind kind_of(const profile::AlarmPoint& point, const registry::Inputs* inputs);

// Empty for an event without an end: an indication, or an input that is no alarm.
std::optional<int> priority_of(const profile::AlarmPoint& point, const registry::Inputs* inputs);

// The site's label of the input, or the label of the profile.
const profile::Text& label_of(const profile::AlarmPoint& point, const registry::Inputs* inputs);

}  // namespace gensetd::events
