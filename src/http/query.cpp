#include "http/query.hpp"

#include "text/list.hpp"
#include "text/number.hpp"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace gensetd::http {

const Parameter* find_parameter(const std::vector<Parameter>& parameters, std::string_view name) {
  const auto place = std::ranges::find(parameters, name, &Parameter::name);
  return place == parameters.end() ? nullptr : &*place;
}

std::vector<Parameter> parse_query(std::string_view query, const std::vector<std::string_view>& allowed) {
  std::vector<Parameter> parameters;
  if (query.empty()) return parameters;
  // As part of a whole target: parse_query() of Boost 1.81 takes what stands behind the view for its last
  // value.
  const std::string target = "/?" + std::string{query};
  const auto parsed = boost::urls::parse_origin_form(target);
  if (!parsed) throw BadQuery("the query is not well-formed; give NAME=VALUE pairs joined by &", {});
  for (const auto& entry : parsed->params()) {
    const std::string name = entry.key;
    if (std::ranges::find(allowed, name) == allowed.end()) {
      std::string names;
      for (const std::string_view one : allowed) names += fmt::format("{}{}", names.empty() ? "" : ", ", one);
      throw BadQuery(names.empty() ? "no query parameter is known here"
                                   : fmt::format("unknown query parameter; known are: {}", names),
                     name);
    }
    if (find_parameter(parameters, name) != nullptr)
      throw BadQuery(fmt::format("{} is given more than once", name), name);
    parameters.push_back({name, entry.value});
  }
  return parameters;
}

void refuse_query(std::string_view query) { parse_query(query, {}); }

std::optional<std::int64_t> parse_id(std::string_view text) {
  if (text.starts_with('0')) return std::nullopt;
  return text::parse_number<std::int64_t>(text, 1);
}

std::optional<std::int64_t> id_parameter(const std::vector<Parameter>& parameters, std::string_view name) {
  const Parameter* given = find_parameter(parameters, name);
  if (given == nullptr) return std::nullopt;
  const auto id = parse_id(given->value);
  if (!id) throw BadQuery(fmt::format("{} must be a positive whole number", name), given->name);
  return id;
}

bool flag_parameter(const std::vector<Parameter>& parameters, std::string_view name) {
  const Parameter* given = find_parameter(parameters, name);
  if (given == nullptr || given->value == "0") return false;
  if (given->value != "1") throw BadQuery(fmt::format("{} must be 1 or 0", name), given->name);
  return true;
}

std::int64_t whole_parameter(const std::vector<Parameter>& parameters, std::string_view name,
                             std::int64_t least, std::int64_t most, std::int64_t otherwise) {
  const Parameter* given = find_parameter(parameters, name);
  if (given == nullptr) return otherwise;
  const auto value = text::parse_number(given->value, least, most);
  if (!value)
    throw BadQuery(fmt::format("{} must be a whole number from {} to {}", name, least, most), given->name);
  return *value;
}

namespace {

std::set<std::int64_t> parse_devices(std::string_view list) {
  std::set<std::int64_t> ids;
  for (const std::string_view entry : text::split_list(list)) {
    const auto id = parse_id(entry);
    if (!id)
      throw BadQuery("devices must be positive whole numbers separated by commas, such as 1,2,3", "devices");
    ids.insert(*id);
    if (ids.size() > devices_in_list_max)
      throw BadQuery(fmt::format("devices holds more than {} ids; leave it out for all", devices_in_list_max),
                     "devices");
  }
  return ids;
}

}  // namespace

// The specification's protocol is 1, the default.
UpgradeWish upgrade_wish(std::string_view query) {
  UpgradeWish wish;
  for (const Parameter& parameter : parse_query(query, {"devices", "proto"})) {
    if (parameter.name == "devices") {
      wish.devices = parse_devices(parameter.value);
    } else if (parameter.value == "1" || parameter.value == "2") {
      wish.is_dashboard = parameter.value == "2";
    } else {
      throw BadQuery("proto must be 1, the protocol of the specification, or 2", "proto");
    }
  }
  return wish;
}

}  // namespace gensetd::http
