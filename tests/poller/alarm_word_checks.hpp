#pragma once

#include "profile/profile.hpp"
#include "reading/alarm_words.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace gensetd::poller {

// What successive good readings of a device say of its alarm words: each is as in the reading before, or was
// read in the reading's own cycle. Use: changed() with each reading, in order.
class AlarmWordChecks {
 public:
  // The words that a reading with this time states to have read, or that differ from the reading before, as
  // indices in Profile::alarm_words.
  std::vector<std::size_t> changed(const reading::AlarmWordsPtr& words, reading::Timestamp cycle) {
    std::vector<std::size_t> indices;
    for (std::size_t index = 0; words && index < words->size(); ++index) {
      const reading::AlarmWord before = last_ ? (*last_)[index] : reading::AlarmWord{};
      const reading::AlarmWord& word = (*words)[index];
      // A block that each cycle reads is refused now: its words have the time of the reading before.
      const bool is_refused_now = word.raw && !before.read_at && word.read_at == last_cycle_;
      const bool is_kept = word.raw == before.raw && (word.read_at == before.read_at || is_refused_now);
      if (!is_kept || word.read_at == cycle) indices.push_back(index);
    }
    has_forgotten_ = has_forgotten_ || (last_ && !words);
    if (words) last_ = words;
    last_cycle_ = cycle;
    return indices;
  }

  // A reading said nothing of words that the readings before it knew.
  bool has_forgotten() const { return has_forgotten_; }

 private:
  reading::AlarmWordsPtr last_;
  reading::Timestamp last_cycle_{};
  bool has_forgotten_ = false;
};

}  // namespace gensetd::poller
