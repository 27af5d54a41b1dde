#pragma once

#include "reading/reading.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gensetd::events {

using reading::Timestamp;

enum class EventKind : std::uint8_t { alarm, comms, status, mode, breaker, mains, gateway };

// The states of an alarm (ISA-18.2): it is closed once it has returned to normal and is acknowledged, in
// either order. An event that is no alarm is closed from the beginning.
enum class EventState : std::uint8_t { active, acknowledged, returned, closed };

// One entry of the journal. All times are by the clock of this server.
struct Event {
  std::int64_t id = 0;
  std::optional<std::int64_t> device_id;  // empty: an event of a whole site, or of the gateway
  std::optional<std::int64_t> site_id;
  std::string site_code;  // empty: an event of the gateway
  EventKind kind = EventKind::status;
  std::optional<int> priority;  // 1 (worst) to 4; empty: it is no alarm
  std::string code;             // what happened; its text is in the catalogue
  std::string args = "{}";      // a JSON object: the values of the text's placeholders
  EventState state = EventState::closed;
  Timestamp onset;
  bool onset_at_latest = false;  // it was detected after a gap, so it may have begun earlier
  std::optional<Timestamp> returned_at;
  std::optional<Timestamp> acknowledged_at;
  std::string acknowledged_by;  // a name, or empty

  bool is_open() const { return state != EventState::closed; }
  bool operator==(const Event&) const = default;
};

std::string to_json(const Event& event);

std::string_view to_word(EventKind kind);
std::string_view to_word(EventState state);
std::optional<EventKind> kind_from(std::string_view word);
std::optional<EventState> state_from(std::string_view word);

// Why an event cannot be acknowledged.
enum class AcknowledgeError : std::uint8_t {
  unknown,   // no event has this id
  not_open,  // it has ended, or is no alarm
  acknowledged_already,
  unavailable,  // the database cannot store it
  not_kept,     // it is acknowledged, but not yet in the database
};

}  // namespace gensetd::events
