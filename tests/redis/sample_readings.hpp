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
  reading::Facts facts;
  facts.identity = {.device_id = device_id, .site_code = "MKZ", .device_type = "generator"};
  facts.timestamp = reading::Timestamp{std::chrono::milliseconds{1'767'225'600'000 + at}};
  facts.online = error.empty();
  facts.error = std::move(error);
  facts.values.assign(profile->fields.size(), value);
  facts.profile = std::move(profile);
  facts.at = reading::SteadyTime{std::chrono::milliseconds{at}};
  facts.seq = static_cast<std::uint64_t>(at);
  facts.epoch = sample_epoch;
  return reading::make_reading(std::move(facts));
}

inline std::map<std::string, std::string> hash_fields(const reading::Reading& reading) {
  std::map<std::string, std::string> fields;
  reading::for_each_hash_field(
      *reading.facts, [&](std::string_view name, std::string_view value) { fields.emplace(name, value); });
  return fields;
}

}  // namespace gensetd::redis
