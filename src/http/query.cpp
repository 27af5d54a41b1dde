#include "http/query.hpp"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace gensetd::http {

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
    const bool again = std::ranges::find(parameters, name, &Parameter::name) != parameters.end();
    if (again) throw BadQuery(fmt::format("{} is given more than once", name), name);
    parameters.push_back({name, entry.value});
  }
  return parameters;
}

void refuse_query(std::string_view query) { parse_query(query, {}); }

std::optional<std::int64_t> parse_id(std::string_view text) {
  std::int64_t id = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (failed != std::errc{} || end != text.data() + text.size() || id < 1 || text.front() == '0')
    return std::nullopt;
  return id;
}

std::optional<std::int64_t> id_parameter(const std::vector<Parameter>& parameters, std::string_view name) {
  const auto place = std::ranges::find(parameters, name, &Parameter::name);
  if (place == parameters.end()) return std::nullopt;
  const auto id = parse_id(place->value);
  if (!id) throw BadQuery(fmt::format("{} must be a positive whole number", name), place->name);
  return id;
}

bool flag_parameter(const std::vector<Parameter>& parameters, std::string_view name) {
  const auto place = std::ranges::find(parameters, name, &Parameter::name);
  if (place == parameters.end() || place->value == "0") return false;
  if (place->value != "1") throw BadQuery(fmt::format("{} must be 1 or 0", name), place->name);
  return true;
}

std::optional<std::set<std::int64_t>> devices_parameter(std::string_view query) {
  const auto parameters = parse_query(query, {"devices"});
  if (parameters.empty()) return std::nullopt;
  std::set<std::int64_t> ids;
  std::string_view list = parameters.front().value;
  for (;;) {
    const auto comma = list.find(',');
    const auto id = parse_id(list.substr(0, comma));
    if (!id)
      throw BadQuery("devices must be positive whole numbers separated by commas, such as 1,2,3", "devices");
    ids.insert(*id);
    if (ids.size() > devices_in_list_max)
      throw BadQuery(fmt::format("devices holds more than {} ids; leave it out for all", devices_in_list_max),
                     "devices");
    if (comma == std::string_view::npos) return ids;
    list.remove_prefix(comma + 1);
  }
}

}  // namespace gensetd::http
