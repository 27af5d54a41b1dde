#pragma once

#include "modbus/read_request.hpp"
#include "profile/profile.hpp"
#include "simulator/limits.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace gensetd::simulator {

// Where an answer like ours comes that somebody else asked for.
enum class Place : std::uint8_t { anywhere, before, after, instead };

// Bytes that are no frame and come with responses (FIELD-NOTES 17).
struct StrayBytes {
  std::vector<std::uint8_t> before;
  std::vector<std::uint8_t> behind;
  double chance = 1;                   // 0..1 per response
  std::chrono::milliseconds pause{0};  // between them and the response; 0: they come together
};

// A text that a converter sends by itself (FIELD-NOTES 18).
struct Identity {
  std::string text;  // empty: none
  bool at_connect = false;
  bool before_packets = false;
  std::chrono::milliseconds every{0};  // 0: not periodically
};

// Transaction ids of frames that nobody requested, compared with that of the last request.
enum class StrayIds : std::uint8_t { any, before, at, after };

// Frames, and on RTU other bytes, on a connection on which no request is pending (FIELD-NOTES 3, 23).
struct IdleStrays {
  std::chrono::milliseconds every{0};  // 0: none
  StrayIds ids = StrayIds::any;        // Modbus TCP
};

// Responses that come one request late.
struct Behind {
  double falls = 0;          // 0..1 per response: from this one on
  double recovers = 0;       // 0..1 per response: in step again; else until the connection is closed
  bool readdressed = false;  // under the new transaction id and unit number: a gateway, for all connections
};

// The transaction id of a response: that of its request, always 1, or one ahead (FIELD-NOTES 24).
enum class EchoedIds : std::uint8_t { same, one, ahead };

// What a device does with its connections (FIELD-NOTES 25, 26).
struct ConnectionHabits {
  std::chrono::milliseconds deaf{0};         // no response to what arrives so soon after connecting
  std::uint64_t closes_after = 0;            // closes after so many responses; 0: never
  std::chrono::milliseconds closes_idle{0};  // closes after so long without a request; 0: never
  bool drops_oldest = false;                 // a client beyond clients_max takes the place of the first one
};

// What goes wrong on the way of an answer. Each is a probability 0..1 per request, but for the times.
struct Faults {
  double silence = 0;  // no answer
  double late = 0;     // the answer comes late_by to late_by + late_spread later; others may pass before it
  std::chrono::milliseconds late_by{3'000};
  std::chrono::milliseconds late_spread{0};
  std::chrono::milliseconds delay{0};  // added to each answer; a serial line is busy meanwhile
  double doubled = 0;                  // the answer comes twice: at once, or within doubled_by
  std::chrono::milliseconds doubled_by{1'000};
  double split = 0;  // the answer comes in several segments, with pauses of a few ms
  double merge =
      0;  // held back and sent with the next answer of the connection, or joined with a foreign frame
  double wrong_crc = 0;       // RTU only: Modbus TCP has no CRC
  double garbage = 0;         // random bytes instead of the answer
  double exception = 0;       // exception 4 or 6 instead of the answer
  double reset = 0;           // the connection is reset instead
  double hang = 0;            // the connection stays open, and nothing comes through it any more
  double short_response = 0;  // fewer registers than requested, without an exception
  double wrong_unit = 0;      // a good frame with the unit id of another
  double foreign = 0;         // a frame of another master before ours, which can be told from ours by itself

  // An answer of our unit with our byte count, but of other registers, that somebody else asked for. Before
  // or after ours, ours comes whole and in time. Instead of ours and without its request nothing tells it
  // from ours: no client can be right then.
  double lookalike = 0;
  Place lookalike_place = Place::anywhere;
  double lookalike_request = 0.5;  // how often the other's request is seen before it

  StrayBytes strays;
  Behind behind;
  EchoedIds ids = EchoedIds::same;
};

struct Controller {
  profile::ProfilePtr profile;
  std::uint8_t unit_id = 1;
  std::string site;  // a switchboard sums the gensets of the same site
};

// Nothing comes from the line for `lasting`, once in every period; never when that is 0.
struct Outage {
  std::chrono::milliseconds period{60'000};
  std::chrono::milliseconds lasting{0};
};

// Somebody else who polls the same controllers on the same line, with the specification's pauses (phase 2,
// critical points of the HGM9560): another client of the converter, or another master on the pair, whose
// requests are seen as well.
struct ForeignMasterPlan {
  std::vector<profile::Block> blocks;  // asked of each unit, one after another
  bool requests_seen = false;
  std::chrono::milliseconds interval{2'000};  // from the end of a round to the next
};

// One address with the controllers behind it.
struct Listening {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;  // 0: any free one, see Simulator::ports()
  modbus::Protocol protocol = modbus::Protocol::tcp;
  std::vector<Controller> controllers;
  bool serial_pacing = false;  // answers take the time of a serial line with 11 bits a character
  unsigned baud = 9'600;
  std::chrono::milliseconds turnaround{60};  // of the controller, from request to answer, with serial_pacing
  // A converter passes on in packets what comes from the line: all of so long a time, or with 0 what came
  // before a pause of four characters. rtu_over_tcp only.
  std::chrono::milliseconds packing{0};
  std::size_t clients_max = 0;  // connections at a time, further ones are reset; 0: what such a device takes
  Limits limits;                // what its controllers do not answer
  std::vector<std::uint8_t> dead_units;  // stay silent as if they were not there
  Outage outage;
  Identity identity;
  IdleStrays idle_strays;
  ConnectionHabits connections;
  bool copies_responses = false;  // to the other clients too, as a converter does; Modbus TCP
  std::optional<ForeignMasterPlan> foreign_master;  // rtu_over_tcp only
  Faults faults;
};

struct Options {
  std::vector<Listening> listening;
  std::uint64_t seed = 1;
  double speed = 1.0;    // plant time per real time
  bool pattern = false;  // registers tell their address and the time instead (pattern.hpp)
  std::function<void(const std::string& line)> trace;  // hears of connections and requests
};

}  // namespace gensetd::simulator
