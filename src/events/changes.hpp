#pragma once

#include "events/event_fields.hpp"
#include "reading/reading.hpp"
#include "registry/device_inputs.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace gensetd::events {

// What a site has connected to the digital inputs of a device; null: nothing is known.
using InputsPtr = std::shared_ptr<const registry::Inputs>;

// The last known values of a device: its last reading, where a missing value is replaced by the newest value
// before it. A field without data neither begins nor ends anything; a change that happened meanwhile is
// detected when the data is back.
struct LastKnown {
  std::shared_ptr<const reading::Content> content;  // null: no reading so far
  std::vector<bool> older;                          // by field: from before the last reading; empty: none
  InputsPtr inputs;  // what the digital inputs meant when `content` was compared with the reading before it
};

// One difference between the last known values and a reading.
struct Change {
  enum class Type : std::uint8_t {
    happened,    // an event without an end
    alarm_on,    //
    alarm_off,   // also for alarms that are off in the first reading
    superseded,  // a more specific alarm has replaced it
    lost,        // the device is offline
    back         // the device is online; also in the first reading
  };
  Type type = Type::happened;
  std::string_view code;  // of the catalogue, or of `point`; empty for lost and back
  std::string args = "{}";
  bool at_latest = false;  // it may have happened earlier: the device was offline, or the field had no data
  const profile::AlarmPoint* point = nullptr;  // of the reading's profile; null: the code is in the catalogue

  bool operator==(const Change&) const = default;
};

// Everything that has changed in the reading `after`, where the device's digital inputs mean `inputs`. Pure.
std::vector<Change> changes_between(const LastKnown& before, const reading::Content& after,
                                    const EventFields& fields, const InputsPtr& inputs = {});

// Alarms that the reading says are on, and that `is_open` does not know. Such an alarm was ended without a
// reading that said so: by the controller's summary, with a former register map, or with a former meaning of
// its digital input. Empty for a reading of a failed cycle.
std::vector<Change> missing_alarms(const reading::Content& content, const EventFields& fields,
                                   const InputsPtr& inputs,
                                   const std::function<bool(std::string_view code)>& is_open);

// The last known values after the reading `after`.
LastKnown known_after(LastKnown before, std::shared_ptr<const reading::Content> after, InputsPtr inputs = {});

}  // namespace gensetd::events
