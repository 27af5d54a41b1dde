#pragma once

#include "modbus/read_request.hpp"
#include "profile/profile.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace gensetd::simulator {

// What goes wrong on the way of an answer. Each is a probability 0..1 per request, but the two times.
struct Faults {
  double silence = 0;  // no answer
  double late = 0;     // the answer comes `late_by` after it should; others may pass before it
  std::chrono::milliseconds late_by{3'000};
  std::chrono::milliseconds delay{0};  // added to each answer; a serial line is busy meanwhile
  double split = 0;                    // the answer comes in several segments, with pauses of a few ms
  double merge =
      0;  // held back and sent with the next answer of the connection, or joined with a foreign frame
  double wrong_crc = 0;   // RTU only: Modbus TCP has no CRC
  double garbage = 0;     // random bytes instead of the answer
  double exception = 0;   // exception 4 or 6 instead of the answer
  double reset = 0;       // the connection is reset instead
  double wrong_unit = 0;  // a good frame with the unit id of another
  double foreign = 0;     // a frame of another master before ours
};

struct Controller {
  profile::ProfilePtr profile;
  std::uint8_t unit_id = 1;
  std::string site;  // a switchboard sums the gensets of the same site
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
  Faults faults;
};

struct Options {
  std::vector<Listening> listening;
  std::uint64_t seed = 1;
  double speed = 1.0;  // plant time per real time
};

}  // namespace gensetd::simulator
