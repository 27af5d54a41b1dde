#include "http/time_query.hpp"

#include <fmt/format.h>

namespace gensetd::http {

std::optional<reading::Timestamp> time_parameter(const std::vector<Parameter>& parameters,
                                                 std::string_view name) {
  const Parameter* given = find_parameter(parameters, name);
  if (given == nullptr) return std::nullopt;
  const auto time = reading::parse_timestamp(given->value);
  if (!time)
    throw BadQuery(fmt::format("{} must be a time in UTC such as 2026-02-17T14:30:00.000Z", name),
                   given->name);
  return time;
}

void check_order(const std::optional<reading::Timestamp>& from, const std::optional<reading::Timestamp>& to) {
  if (from && to && *from >= *to) throw BadQuery("from must be before to", "from");
}

}  // namespace gensetd::http
