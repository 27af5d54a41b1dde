#pragma once

#include <boost/json/value.hpp>

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace gensetd::registry {

// What the people of a site should do about an alarm or another event, by the event's code: "Call Anna".
using AlarmNotes = std::map<std::string, std::string>;

// The codes of the event catalogue (events/catalogue.cpp, which a test compares).
std::span<const std::string_view> catalogue_codes();

// The JSON form in requests and exports. Empty on failure; then `allowed` describes the allowed form and the
// first mistake.
std::optional<AlarmNotes> parse_alarm_notes(const boost::json::value& value, std::string& allowed);

// Removes the notes of a stored value on events that this version does not know: another one may have stored
// them, and a text for people must not stop the polling of its site.
void drop_unknown_codes(boost::json::value& notes);

std::string print_alarm_notes(const AlarmNotes& notes);

}  // namespace gensetd::registry
