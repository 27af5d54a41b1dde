#include "server/query_parameters.hpp"

#include "text/number.hpp"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace gensetd::server {

const QueryParameter* find_parameter(const std::vector<QueryParameter>& parameters, std::string_view name) {
  const auto found = std::ranges::find(parameters, name, &QueryParameter::name);
  return found == parameters.end() ? nullptr : &*found;
}

std::vector<QueryParameter> parse_query(std::string_view query,
                                        const std::vector<std::string_view>& allowed) {
  std::vector<QueryParameter> parameters;
  if (query.empty()) return parameters;
  // Parsed as part of a target, because parse_query() of Boost 1.81 reads beyond the end of the view.
  const std::string target = "/?" + std::string{query};
  const auto parsed = boost::urls::parse_origin_form(target);
  if (!parsed) throw BadQuery("the query is not well-formed; give NAME=VALUE pairs joined by &", {});
  for (const auto& entry : parsed->params()) {
    const std::string name = entry.key;
    if (std::ranges::find(allowed, name) == allowed.end()) {
      std::string names;
      for (const std::string_view one : allowed) names += fmt::format("{}{}", names.empty() ? "" : ", ", one);
      throw BadQuery(names.empty() ? "this path takes no query parameters"
                                   : fmt::format("unknown query parameter; allowed: {}", names),
                     name);
    }
    if (find_parameter(parameters, name) != nullptr)
      throw BadQuery(fmt::format("{} is given more than once", name), name);
    parameters.push_back({name, entry.value});
  }
  return parameters;
}

void require_no_query(std::string_view query) { parse_query(query, {}); }

std::optional<std::int64_t> parse_id(std::string_view text) {
  if (text.starts_with('0')) return std::nullopt;
  return text::parse_number<std::int64_t>(text, 1);
}

std::optional<std::int64_t> id_parameter(const std::vector<QueryParameter>& parameters,
                                         std::string_view name) {
  const QueryParameter* given = find_parameter(parameters, name);
  if (given == nullptr) return std::nullopt;
  const auto id = parse_id(given->value);
  if (!id) throw BadQuery(fmt::format("{} must be a positive whole number", name), given->name);
  return id;
}

bool flag_parameter(const std::vector<QueryParameter>& parameters, std::string_view name) {
  const QueryParameter* given = find_parameter(parameters, name);
  if (given == nullptr || given->value == "0") return false;
  if (given->value != "1") throw BadQuery(fmt::format("{} must be 1 or 0", name), given->name);
  return true;
}

std::int64_t integer_parameter(const std::vector<QueryParameter>& parameters, std::string_view name,
                               std::int64_t least, std::int64_t most, std::int64_t otherwise) {
  const QueryParameter* given = find_parameter(parameters, name);
  if (given == nullptr) return otherwise;
  const auto value = text::parse_number(given->value, least, most);
  if (!value)
    throw BadQuery(fmt::format("{} must be a whole number from {} to {}", name, least, most), given->name);
  return *value;
}

}  // namespace gensetd::server
