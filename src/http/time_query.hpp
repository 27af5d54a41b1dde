#pragma once

#include "http/query.hpp"
#include "reading/reading.hpp"

#include <optional>
#include <string_view>
#include <vector>

namespace gensetd::http {

// The time that a parameter gives, of a reading's form; empty when it is not there. Throws BadQuery.
std::optional<reading::Timestamp> time_parameter(const std::vector<Parameter>& parameters,
                                                 std::string_view name);

// Throws BadQuery when there is no time between the two.
void check_order(const std::optional<reading::Timestamp>& from, const std::optional<reading::Timestamp>& to);

}  // namespace gensetd::http
