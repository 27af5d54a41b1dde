#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gensetd::server {

// A query that is invalid: responded with 400, this message, and the parameter's name as `field`.
struct BadQuery : std::runtime_error {
  BadQuery(const std::string& message, std::string parameter)
      : std::runtime_error(message), field(std::move(parameter)) {}
  std::string field;
};

struct QueryParameter {
  std::string name;
  std::string value;
};

// The parameters of a query. Throws BadQuery for one that is not in `allowed` or is given twice.
std::vector<QueryParameter> parse_query(std::string_view query, const std::vector<std::string_view>& allowed);

void require_no_query(std::string_view query);  // throws BadQuery for any parameter

// Null when the parameter is not given.
const QueryParameter* find_parameter(const std::vector<QueryParameter>& parameters, std::string_view name);

// A positive decimal id without sign or leading zero. Empty for any other text.
std::optional<std::int64_t> parse_id(std::string_view text);

// The id in a parameter; empty when the parameter is not given. Throws BadQuery.
std::optional<std::int64_t> id_parameter(const std::vector<QueryParameter>& parameters,
                                         std::string_view name);

// True for `NAME=1`; false for `NAME=0` and when the parameter is not given. Throws BadQuery for other
// values.
bool flag_parameter(const std::vector<QueryParameter>& parameters, std::string_view name);

// The integer in a parameter, from `least` to `most`, or `otherwise` when it is not given. Throws BadQuery.
std::int64_t integer_parameter(const std::vector<QueryParameter>& parameters, std::string_view name,
                               std::int64_t least, std::int64_t most, std::int64_t otherwise);

}  // namespace gensetd::server
