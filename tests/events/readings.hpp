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

using ContentPtr = std::shared_ptr<const reading::Content>;
using Given = std::initializer_list<std::pair<std::string_view, profile::Value>>;

inline const profile::Catalog& catalog() {
  static const profile::Catalog built_in = profile::Catalog::built_in();
  return built_in;
}

inline reading::Timestamp at(std::int64_t ms) { return reading::Timestamp{std::chrono::milliseconds{ms}}; }
inline reading::SteadyTime steady_at(std::int64_t ms) {
  return reading::SteadyTime{std::chrono::milliseconds{ms}};
}

inline void set(reading::Content& content, Given values) {
  for (const auto& [name, value] : values) {
    const auto field = std::ranges::find(content.profile->fields, name, &profile::Field::name);
    if (field == content.profile->fields.end()) throw std::invalid_argument(std::string{name});
    content.values[static_cast<std::size_t>(field - content.profile->fields.begin())] = value;
  }
}

// A good reading of an idle genset in automatic mode, except for `values`.
inline reading::Content good(std::int64_t device_id, std::int64_t ms, Given values = {},
                             std::string_view map = "hgm9520n") {
  reading::Content content{.identity = {device_id, "MKZ", "generator"},
                           .profile = catalog().find(std::string{map}),
                           .timestamp = at(ms),
                           .at = steady_at(ms),
                           .online = true,
                           .last_seen = at(ms),
                           .last_seen_at = steady_at(ms)};
  for (const profile::Field& field : content.profile->fields)
    content.values.emplace_back(
        field.name == "mode_auto" || field.name == "mains_normal" || field.name == "mains_load" ? 1 : 0);
  set(content, values);
  return content;
}

inline ContentPtr shared(reading::Content content) {
  return std::make_shared<const reading::Content>(std::move(content));
}

// The reading of a device that does not respond: the values of `last` with their time.
inline reading::Content offline(const reading::Content& last, std::int64_t ms,
                                std::string error = "no answer") {
  reading::Content content = last;
  content.timestamp = at(ms);
  content.at = steady_at(ms);
  content.online = false;
  content.error = std::move(error);
  return content;
}

// The reading of a device that has never responded.
inline reading::Content never_read(std::int64_t device_id, std::int64_t ms) {
  reading::Content content = good(device_id, ms);
  content.online = false;
  content.last_seen.reset();
  content.last_seen_at.reset();
  content.error = "connection refused";
  content.values.assign(content.values.size(), std::nullopt);
  return content;
}

}  // namespace gensetd::events
