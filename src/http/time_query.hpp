#pragma once

#include "http/query.hpp"
#include "reading/reading.hpp"

#include <optional>
#include <string_view>
#include <vector>

namespace gensetd::http {

// The time that a text in the format of RFC 3339 names: "2026-02-17T14:30:00Z", with or without a fraction,
// with Z or an offset such as +03:00, letters in either case, a space in place of the T. A space in place of
// the '+' is taken as the '+': in a query an unescaped '+' arrives as one. A fraction finer than a
// millisecond is rounded up, so that `t >= from` and `t < to` hold for the same milliseconds as with the
// exact time. Second 60 is accepted at 23:59 UTC only, and names the second after it. Empty for any other
// text and for times outside of the years 1 to 9999 UTC.
std::optional<reading::Timestamp> parse_time(std::string_view text);

// The time that a parameter gives; empty when the parameter is not there. Throws BadQuery.
std::optional<reading::Timestamp> time_parameter(const std::vector<Parameter>& parameters,
                                                 std::string_view name);

// Throws BadQuery when there is no time between the two.
void check_order(const std::optional<reading::Timestamp>& from, const std::optional<reading::Timestamp>& to);

}  // namespace gensetd::http
