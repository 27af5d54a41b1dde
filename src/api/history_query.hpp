#pragma once

#include "history/buckets.hpp"
#include "text/pieces.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gensetd::api {

inline constexpr std::size_t history_points_max = 2'000;
inline constexpr std::size_t history_fields_max = 64;

// The query of GET /api/history.
struct HistoryQuery {
  std::int64_t device_id = 0;
  std::vector<std::string> fields;
  history::Period period;
};

// The default of `to` is now, and of `from` the time `span` before `to`. Throws BadQuery.
HistoryQuery history_query(std::string_view query, std::chrono::milliseconds span, reading::Timestamp now);

// The indices of the fields in the profile. Throws BadQuery for one that is not in it.
std::vector<std::size_t> indices_of(const std::vector<std::string>& fields, const profile::Profile& profile);

// How many fields of this many readings can be divided into buckets in about a millisecond; at least one.
std::size_t fields_per_slice(std::size_t readings);

// The body of the response. `buckets` has one entry for each index in `indices`.
text::Pieces pieces_of_history(const HistoryQuery& query, profile::ProfilePtr profile,
                               std::vector<std::size_t> indices, std::vector<history::Buckets> buckets);

}  // namespace gensetd::api
