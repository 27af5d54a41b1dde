#pragma once

#include "reading/reading.hpp"

#include <algorithm>
#include <iterator>
#include <map>

namespace gensetd::history {

// A set of instants of the wall clock, as intervals that include both ends.
class Covered {
 public:
  struct Interval {
    reading::Timestamp first, last;
  };

  void add(Interval added) {
    auto place = from_first_meeting(added);
    while (place != intervals_.end() && place->first <= added.last) {
      added.first = std::min(added.first, place->first);
      added.last = std::max(added.last, place->second);
      place = intervals_.erase(place);
    }
    intervals_.emplace(added.first, added.last);
  }

  // Whether an instant of the interval is in the set.
  bool meets(Interval asked) const {
    const auto place = from_first_meeting(asked);
    return place != intervals_.end() && place->first <= asked.last;
  }

 private:
  using Intervals = std::map<reading::Timestamp, reading::Timestamp>;  // disjoint: first to last

  // The first interval that does not end before the one asked for.
  Intervals::const_iterator from_first_meeting(Interval asked) const {
    auto place = intervals_.upper_bound(asked.first);
    if (place != intervals_.begin() && std::prev(place)->second >= asked.first) --place;
    return place;
  }

  Intervals intervals_;
};

}  // namespace gensetd::history
