#pragma once

#include "history/buckets.hpp"

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

std::string print_history(const HistoryQuery& query, const profile::Profile& profile,
                          const std::vector<std::size_t>& indices,
                          const std::vector<history::Buckets>& buckets);

}  // namespace gensetd::http
