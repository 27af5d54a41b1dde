#pragma once

#include "reading/timestamp.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace gensetd::reading {

// What is known of one of Profile::alarm_words.
struct AlarmWord {
  std::optional<std::uint16_t> raw;  // as last read in this run of the program; empty: unknown
  // When it was read, if its block is optional, or refused now; otherwise this cycle read it.
  std::optional<Timestamp> read_at;
  bool is_failing = false;  // its block has failed several times in a row

  bool operator==(const AlarmWord&) const = default;
};

// One per word of the profile. Shared by consecutive readings that know the same.
using AlarmWords = std::vector<AlarmWord>;
using AlarmWordsPtr = std::shared_ptr<const AlarmWords>;

}  // namespace gensetd::reading
