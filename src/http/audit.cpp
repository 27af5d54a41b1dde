#include "http/audit.hpp"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

namespace gensetd::http {
namespace {

namespace json = boost::json;

json::object row_of(const std::string& text) {
  return text.empty() ? json::object{} : json::parse(text).as_object();
}

// Boost.JSON would print 0.5 as 5E-1.
std::string printed(const json::value& value) {
  return value.is_double() ? fmt::format("{}", value.get_double()) : json::serialize(value);
}

// "name "Gen 1" -> "Gen 2", port 502 -> 503"; the times of the rows themselves tell nothing.
std::string differences(const json::object& before, const json::object& after) {
  std::string text;
  for (const auto& [name, value] : after) {
    const json::value* old = before.if_contains(name);
    if (old == nullptr || *old == value || name == "updated_at") continue;
    text += fmt::format("{}{} {} -> {}", text.empty() ? "" : ", ", std::string_view{name.data(), name.size()},
                        printed(*old), printed(value));
  }
  return text;
}

}  // namespace

std::string audit_line(std::string_view who, std::string_view from, const RegistryChange& change) {
  const json::object before = row_of(change.before);
  const json::object after = row_of(change.after);
  const json::value& id = (after.empty() ? before : after).at("id");
  const auto line = [&](std::string_view what, const std::string& values) {
    return fmt::format("audit: {} from {} {} {} {}: {}", who, from, what, change.kind, json::serialize(id),
                       values);
  };
  if (before.empty()) return line("added", change.after);
  if (after.empty()) return line("removed", change.before);
  const std::string changed = differences(before, after);
  return changed.empty() ? std::string{} : line("changed", changed);
}

}  // namespace gensetd::http
