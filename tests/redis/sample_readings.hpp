#pragma once

#include "profile/catalog.hpp"
#include "reading/reading.hpp"

#include <map>
#include <string>
#include <utility>

namespace gensetd::redis {

inline profile::ProfilePtr genset_profile() {
  static const profile::ProfilePtr found = profile::Catalog::built_in().find("hgm9520n");
  return found;
}

// The run of sample_reading().
inline constexpr reading::Epoch sample_epoch = 0xE5;

// A reading of a genset, `at` milliseconds after 2026-01-01T00:00Z, which is its number too; every value is
// `value`.
inline reading::ReadingPtr sample_reading(std::int64_t device_id, std::int64_t at, std::int64_t value = 1,
                                          profile::ProfilePtr profile = genset_profile(),
                                          std::string error = {}) {
  reading::Content content;
  content.identity = {.device_id = device_id, .site_code = "MKZ", .device_type = "generator"};
  content.timestamp = reading::Timestamp{std::chrono::milliseconds{1'767'225'600'000 + at}};
  content.online = error.empty();
  content.error = std::move(error);
  content.values.assign(profile->fields.size(), value);
  content.profile = std::move(profile);
  content.at = reading::SteadyTime{std::chrono::milliseconds{at}};
  content.seq = static_cast<std::uint64_t>(at);
  content.epoch = sample_epoch;
  return reading::make_reading(std::move(content));
}

inline std::map<std::string, std::string> hash_fields(const reading::Reading& reading) {
  std::map<std::string, std::string> fields;
  reading::for_each_hash_field(
      *reading.content, [&](std::string_view name, std::string_view value) { fields.emplace(name, value); });
  return fields;
}

}  // namespace gensetd::redis
