#pragma once

#include "events/changes.hpp"
#include "events/input_labels.hpp"
#include "profile/alarm_points.hpp"
#include "reading/reading.hpp"

#include <optional>
#include <string_view>
#include <vector>

namespace gensetd::events {

inline bool is_point_code(std::string_view code) { return code.starts_with(profile::point_prefix); }

// A reading, and what else decides whether its points are reported.
struct PointState {
  const reading::Content* content = nullptr;
  std::optional<bool> engine_is_on;          // empty: unknown
  const registry::Inputs* inputs = nullptr;  // null: nothing is known
};

// The alarm points of the profile that were raised or have ended between two readings. A point whose word was
// not read keeps its state. The content of `before` is null, or has the same profile as that of `after`,
// which is not null.
std::vector<Change> point_changes(const PointState& before, const PointState& after, bool at_latest);

// The points that are on in words that were read for this reading, and that are reported as alarms.
std::vector<const profile::AlarmPoint*> standing_points(const PointState& state);
// The change that raises such a point.
Change raised_point(const profile::AlarmPoint& point, const registry::Inputs* inputs, bool at_latest);

// Whether the state of the point is unknown although the controller is read: its word has never been read in
// this run, or reading it fails.
bool is_point_unread(const reading::Content& content, const profile::AlarmPoint& point);

// The profile's point with this event code; null: there is none.
const profile::AlarmPoint* find_point(const profile::Profile& profile, std::string_view code);

// Whether points describe the class alarm `alarm_class` completely, so that it says nothing more: a point of
// the class that is confirmed, has a priority and was read in this cycle is on, and the controller does not
// count more alarms than there are points on.
bool is_class_covered(const reading::Content& content, profile::AlarmClass alarm_class,
                      std::optional<std::int64_t> alarms_total, const registry::Inputs* inputs);

}  // namespace gensetd::events
