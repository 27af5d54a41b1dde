#pragma once

#include "reading/reading.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace gensetd::registry {

// A register map that was uploaded.
struct StoredProfile {
  static constexpr std::size_t bytes_max = 262'144;  // of its file

  std::string name;
  std::string toml;
  reading::Timestamp changed_at;
  std::string changed_by;
  std::string problem;  // of a row that was edited by hand; empty for a sound one

  bool operator==(const StoredProfile&) const = default;
};

}  // namespace gensetd::registry
