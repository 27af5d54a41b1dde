#include "api/audit.hpp"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <array>
#include <cstdint>

namespace gensetd::api {
namespace {

namespace json = boost::json;

json::object row_of(const std::string& text) {
  return text.empty() ? json::object{} : json::parse(text).as_object();
}

// Boost.JSON would print 0.5 as 5E-1.
std::string printed(const json::value& value) {
  return value.is_double() ? fmt::format("{}", value.get_double()) : json::serialize(value);
}

// "name "Gen 1" -> "Gen 2", port 502 -> 503"; without updated_at, which changes every time.
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

enum class Verb : std::uint8_t { add, remove, change };

using registry::Service;

std::string_view completed(Verb verb) {
  constexpr std::array<std::string_view, 3> words = {"added", "removed", "changed"};
  return words.at(static_cast<std::size_t>(verb));
}

std::string_view attempted(Verb verb) {
  constexpr std::array<std::string_view, 3> words = {"tried to add", "tried to remove", "tried to change"};
  return words.at(static_cast<std::size_t>(verb));
}

bool was_stored(Service::ChangeOutcome outcome) {
  return outcome == Service::ChangeOutcome::stored || outcome == Service::ChangeOutcome::found;
}

std::string_view outcome_note(Service::ChangeOutcome outcome) {
  switch (outcome) {
    case Service::ChangeOutcome::stored:
      return "";
    case Service::ChangeOutcome::found:
      return " (the response of the database was lost; the change is stored)";
    case Service::ChangeOutcome::not_stored:
      return " (the response of the database was lost; the change is not stored)";
    case Service::ChangeOutcome::overtaken:
      return " (the response of the database was lost; the outcome is uncertain, because the row has changed "
             "again since)";
    case Service::ChangeOutcome::unknown:
      return " (the response of the database was lost; the outcome is unknown, because the daemon stopped "
             "before the database responded again)";
  }
  return "";
}

}  // namespace

std::string audit_line(std::string_view who, std::string_view from, const RegistryChange& change) {
  const json::object before = row_of(change.before);
  const json::object after = row_of(change.after);
  const json::value& id = (after.empty() ? before : after).at("id");
  const bool is_stored = was_stored(change.outcome);
  const auto line = [&](Verb verb, const std::string& values) {
    return fmt::format("audit: {} from {} {} {} {}: {}{}", who, from,
                       is_stored ? completed(verb) : attempted(verb), change.kind, json::serialize(id),
                       values, outcome_note(change.outcome));
  };
  if (before.empty()) return line(Verb::add, change.after);
  if (after.empty()) return line(Verb::remove, change.before);
  const std::string changed = differences(before, after);
  return changed.empty() ? std::string{} : line(Verb::change, changed);
}

std::string profile_audit_line(std::string_view who, std::string_view from,
                               const std::optional<registry::StoredProfile>& before,
                               const std::optional<registry::StoredProfile>& after,
                               Service::ChangeOutcome outcome) {
  const Verb verb = !before ? Verb::add : !after ? Verb::remove : Verb::change;
  std::string bytes = fmt::format("{}", (before ? *before : *after).toml.size());
  if (before && after) bytes += fmt::format(" -> {}", after->toml.size());
  return fmt::format("audit: {} from {} {} profile {}: {} bytes{}", who, from,
                     was_stored(outcome) ? completed(verb) : attempted(verb), (after ? *after : *before).name,
                     bytes, outcome_note(outcome));
}

}  // namespace gensetd::api
