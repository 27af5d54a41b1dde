#pragma once

#include "profile/profile.hpp"
#include "reading/reading.hpp"
#include "registry/device_inputs.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

namespace gensetd::api {

// The alarm points of a profile (docs/api.md, Profiles).
boost::json::array alarm_points_json(const profile::Profile& profile);

// Which of them are on, which words are unknown, and which set bits have no name (docs/api.md, Alarm points).
// `inputs`: what the site has connected to the digital inputs; null: nothing is known.
boost::json::object points_json(const reading::Content& content, const registry::Inputs* inputs);

}  // namespace gensetd::api
