#pragma once

#include "profile/catalog.hpp"
#include "reading/reading.hpp"

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace gensetd::events {

using FactsPtr = std::shared_ptr<const reading::Facts>;
using Given = std::initializer_list<std::pair<std::string_view, profile::Value>>;

inline const profile::Catalog& catalog() {
  static const profile::Catalog built_in = profile::Catalog::built_in();
  return built_in;
}

inline reading::Timestamp at(std::int64_t ms) { return reading::Timestamp{std::chrono::milliseconds{ms}}; }
inline reading::SteadyTime steady_at(std::int64_t ms) {
  return reading::SteadyTime{std::chrono::milliseconds{ms}};
}

inline void set(reading::Facts& facts, Given values) {
  for (const auto& [name, value] : values) {
    const auto field = std::ranges::find(facts.profile->fields, name, &profile::Field::name);
    if (field == facts.profile->fields.end()) throw std::invalid_argument(std::string{name});
    facts.values[static_cast<std::size_t>(field - facts.profile->fields.begin())] = value;
  }
}

// A good reading of a calm set in automatic mode, but for `values`.
inline reading::Facts good(std::int64_t device_id, std::int64_t ms, Given values = {},
                           std::string_view map = "hgm9520n") {
  reading::Facts facts{.identity = {device_id, "MKZ", "generator"},
                       .profile = catalog().find(std::string{map}),
                       .timestamp = at(ms),
                       .at = steady_at(ms),
                       .online = true,
                       .last_seen = at(ms),
                       .last_seen_at = steady_at(ms)};
  for (const profile::Field& field : facts.profile->fields)
    facts.values.emplace_back(
        field.name == "mode_auto" || field.name == "mains_normal" || field.name == "mains_load" ? 1 : 0);
  set(facts, values);
  return facts;
}

inline FactsPtr shared(reading::Facts facts) {
  return std::make_shared<const reading::Facts>(std::move(facts));
}

// What the poller publishes of a device that does not answer: the values of `last` with its time.
inline reading::Facts offline(const reading::Facts& last, std::int64_t ms, std::string error = "no answer") {
  reading::Facts facts = last;
  facts.timestamp = at(ms);
  facts.at = steady_at(ms);
  facts.online = false;
  facts.error = std::move(error);
  return facts;
}

// And of one that has never answered.
inline reading::Facts never_read(std::int64_t device_id, std::int64_t ms) {
  reading::Facts facts = good(device_id, ms);
  facts.online = false;
  facts.last_seen.reset();
  facts.last_seen_at.reset();
  facts.error = "connection refused";
  facts.values.assign(facts.values.size(), std::nullopt);
  return facts;
}

}  // namespace gensetd::events
