#pragma once

#include "reading/reading.hpp"
#include "server/query_parameters.hpp"

#include <optional>
#include <string_view>
#include <vector>

namespace gensetd::api {

// Parses a time in the format of RFC 3339: "2026-02-17T14:30:00Z", with or without a fraction, with Z or an
// offset such as +03:00, letters in either case, optionally a space instead of the T. A space instead of the
// '+' is accepted, because an unescaped '+' in a query is decoded as a space. A fraction finer than a
// millisecond is rounded up, so that `t >= from` and `t < to` hold for the same milliseconds as with the
// exact time. Second 60 is accepted at 23:59 UTC only and means the following second. Empty for any other
// text and for times outside the years 1 to 9999 UTC.
std::optional<reading::Timestamp> parse_time(std::string_view text);

// The time in a parameter; empty when the parameter is not given. Throws BadQuery.
std::optional<reading::Timestamp> time_parameter(const std::vector<server::QueryParameter>& parameters,
                                                 std::string_view name);

// Throws BadQuery unless `from` is before `to`.
void check_order(const std::optional<reading::Timestamp>& from, const std::optional<reading::Timestamp>& to);

}  // namespace gensetd::api
