#pragma once

#include "http/selection.hpp"

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace gensetd::http {

// A query or a path that cannot be used: 400, with a line for people and the parameter's name.
struct BadQuery : std::runtime_error {
  BadQuery(const std::string& message, std::string parameter)
      : std::runtime_error(message), field(std::move(parameter)) {}
  std::string field;
};

struct Parameter {
  std::string name;
  std::string value;
};

// The parameters of a query, each at most once and one of `allowed`. Throws BadQuery.
std::vector<Parameter> parse_query(std::string_view query, const std::vector<std::string_view>& allowed);

void refuse_query(std::string_view query);  // where there is none to give

const Parameter* find_parameter(const std::vector<Parameter>& parameters, std::string_view name);  // or null

// A positive id in decimal, without sign or leading zero. Empty when it is none.
std::optional<std::int64_t> parse_id(std::string_view text);

// The id that a parameter gives; empty when the parameter is not there. Throws BadQuery.
std::optional<std::int64_t> id_parameter(const std::vector<Parameter>& parameters, std::string_view name);

// Whether `?NAME=1` is given; 0 and nothing are no. Throws BadQuery for any other value.
bool flag_parameter(const std::vector<Parameter>& parameters, std::string_view name);

// The whole number that a parameter gives, or `otherwise`. Throws BadQuery.
std::int64_t whole_parameter(const std::vector<Parameter>& parameters, std::string_view name,
                             std::int64_t least, std::int64_t most, std::int64_t otherwise);

inline constexpr std::size_t devices_in_list_max = 10'000;

// What a WebSocket client asks for in its address: `?devices=1,2,3&proto=2`, both optional.
struct UpgradeWish {
  Selection devices;
  bool is_dashboard = false;  // protocol 2
};
UpgradeWish upgrade_wish(std::string_view query);  // throws BadQuery

}  // namespace gensetd::http
