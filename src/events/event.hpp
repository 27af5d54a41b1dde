#pragma once

#include "reading/reading.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gensetd::events {

using reading::Timestamp;

enum class Kind : std::uint8_t { alarm, comms, status, mode, breaker, mains, gateway };

// Of an alarm (ISA-18.2): acknowledged and returned each need the other to close it. What is no alarm is
// closed from the beginning.
enum class State : std::uint8_t { active, acknowledged, returned, closed };

// One entry of the journal. All times are those of this server.
struct Event {
  std::int64_t id = 0;
  std::optional<std::int64_t> device_id;  // empty: of a whole site, or of the gateway
  std::optional<std::int64_t> site_id;
  std::string site_code;  // empty: of the gateway
  Kind kind = Kind::status;
  std::optional<int> priority;  // 1 (worst) to 4; empty: it is no alarm
  std::string code;             // what happened; its text is in the catalogue
  std::string args = "{}";      // a JSON object: what the text's placeholders stand for
  State state = State::closed;
  Timestamp onset;
  bool onset_at_latest = false;  // it was found after a gap, so it may have begun earlier
  std::optional<Timestamp> returned_at;
  std::optional<Timestamp> acknowledged_at;
  std::string acknowledged_by;  // a name, or empty

  bool is_open() const { return state != State::closed; }
  bool operator==(const Event&) const = default;
};

std::string to_json(const Event& event);

std::string_view to_word(Kind kind);
std::string_view to_word(State state);
std::optional<Kind> kind_from(std::string_view word);
std::optional<State> state_from(std::string_view word);

}  // namespace gensetd::events
