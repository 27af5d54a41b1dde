#pragma once

#include "reading/reading.hpp"

#include <algorithm>
#include <iterator>
#include <map>

namespace gensetd::history {

// A set of instants of the wall clock, as intervals that include both ends.
class IntervalSet {
 public:
  struct Interval {
    reading::Timestamp first, last;
  };

  void add(Interval added) {
    auto place = first_overlapping(added);
    while (place != intervals_.end() && place->first <= added.last) {
      added.first = std::min(added.first, place->first);
      added.last = std::max(added.last, place->second);
      place = intervals_.erase(place);
    }
    intervals_.emplace(added.first, added.last);
  }

  // Whether any instant of the interval is in the set.
  bool overlaps(Interval interval) const {
    const auto place = first_overlapping(interval);
    return place != intervals_.end() && place->first <= interval.last;
  }

 private:
  using Intervals = std::map<reading::Timestamp, reading::Timestamp>;  // disjoint: first to last

  // The first interval that does not end before `interval`.
  Intervals::const_iterator first_overlapping(Interval interval) const {
    auto place = intervals_.upper_bound(interval.first);
    if (place != intervals_.begin() && std::prev(place)->second >= interval.first) --place;
    return place;
  }

  Intervals intervals_;
};

}  // namespace gensetd::history
