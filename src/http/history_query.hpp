#pragma once

#include "history/buckets.hpp"
#include "http/pieces.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gensetd::http {

inline constexpr std::size_t history_points_max = 2'000;
inline constexpr std::size_t history_fields_max = 64;

// What GET /api/history asks for.
struct HistoryQuery {
  std::int64_t device_id = 0;
  std::vector<std::string> fields;
  history::Period period;
};

// Without `to` until now, without `from` the time `span` before that. Throws BadQuery.
HistoryQuery history_query(std::string_view query, std::chrono::milliseconds span, reading::Timestamp now);

// The places of the fields in the profile. Throws BadQuery, naming one that is not there.
std::vector<std::size_t> indices_of(const std::vector<std::string>& fields, const profile::Profile& profile);

// How many fields of so many readings are cut into buckets in about a millisecond; at least one.
std::size_t fields_at_once(std::size_t readings);

// The answer, of buckets for each of the fields at `indices` of the profile.
BodyPieces pieces_of_history(const HistoryQuery& query, profile::ProfilePtr profile,
                             std::vector<std::size_t> indices, std::vector<history::Buckets> buckets);

}  // namespace gensetd::http
