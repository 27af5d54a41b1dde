#pragma once

#include "events/watchlist.hpp"
#include "reading/reading.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace gensetd::events {

// What is known of a device before a reading: the last one, where a value that it lacks is the newest that
// there was. Unknown is not off: a field without data neither begins nor ends anything, and what changed
// behind the gap is found when the data is back.
struct Known {
  std::shared_ptr<const reading::Facts> facts;  // null: nothing
  std::vector<bool> older;                      // by field: not of the last reading; empty: none is
};

// One difference between what was known and a reading.
struct Change {
  enum class What : std::uint8_t {
    happened,   // an event without an end
    alarm_on,   //
    alarm_off,  // also said of alarms that were off, when nothing was known before
    covered,    // an alarm that is named by a more specific one now
    lost,       // the device is offline
    back        // and online again; also said when nothing was known before
  };
  What what = What::happened;
  std::string_view code;  // of the catalogue; empty for lost and back
  std::string args = "{}";
  bool at_latest = false;  // it may have happened earlier: the device was away, or the field had no data

  bool operator==(const Change&) const = default;
};

// Everything that the reading `after` says has changed. Pure.
std::vector<Change> changes_between(const Known& before, const reading::Facts& after,
                                    const Watchlist& watchlist);

// What is known after it.
Known known_after(Known before, std::shared_ptr<const reading::Facts> after);

}  // namespace gensetd::events
