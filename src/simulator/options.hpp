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

// Where a response to another master arrives that looks like ours.
enum class LookalikePosition : std::uint8_t { anywhere, before, after, instead };

// Bytes around responses that are no frame (field notes, 17).
struct StrayByteOptions {
  std::vector<std::uint8_t> before;
  std::vector<std::uint8_t> after;
  double chance = 1;                   // 0..1 per response
  std::chrono::milliseconds pause{0};  // between these bytes and the response; 0: one segment
};

// A text that a converter sends without a request (field notes, 18).
struct ConverterIdentity {
  std::string text;  // empty: none
  bool at_connect = false;
  bool before_packets = false;
  std::chrono::milliseconds every{0};  // 0: not periodically
};

// Transaction ids of frames that nobody requested, compared with that of the last request.
enum class UnsolicitedIds : std::uint8_t { any, before, at, after };

// Unsolicited frames, on RTU also stray bytes, while no request is pending (field notes, 3, 23).
struct UnsolicitedData {
  std::chrono::milliseconds every{0};        // 0: none
  UnsolicitedIds ids = UnsolicitedIds::any;  // Modbus TCP
};

// From some response on, each response is sent one request late.
struct ResponseLagOptions {
  double start_chance = 0;  // 0..1 per response: it is the first late one
  double end_chance = 0;    // 0..1 per response: the lag ends; else it lasts until the connection is closed
  bool renumbered = false;  // the late response gets the new transaction id and unit id, as from a gateway;
                            // one lag for all connections
};

// The transaction id of a response: that of its request, always 1, or one ahead (field notes, 24).
enum class ResponseIds : std::uint8_t { same, one, ahead };

// How a device treats its connections (field notes, 25, 26).
struct ConnectionBehaviour {
  std::chrono::milliseconds ignores_requests_for{
      0};                                     // after connecting, requests get no response for this time
  std::uint64_t closes_after_responses = 0;   // 0: never
  std::chrono::milliseconds idle_timeout{0};  // 0: never closes an idle connection
  bool evicts_oldest = false;  // a client beyond clients_max replaces the oldest one instead of being reset
};

// Faults on the way of a response. Each is a probability 0..1 per request, except the times.
struct LineFaults {
  double silence = 0;  // no response
  double late =
      0;  // the response is sent late_by to late_by + late_spread later; others may be sent before it
  std::chrono::milliseconds late_by{3'000};
  std::chrono::milliseconds late_spread{0};
  std::chrono::milliseconds delay{0};  // added to each response; a serial line is busy meanwhile
  double doubled = 0;                  // the response is sent twice: the copy at once, or within doubled_by
  std::chrono::milliseconds doubled_by{1'000};
  double split = 0;      // the response is sent in several segments with pauses of a few ms
  double merge = 0;      // held and sent with the connection's next response, or joined with a foreign frame
  double wrong_crc = 0;  // RTU only: Modbus TCP has no CRC
  double garbage = 0;    // random bytes instead of the response
  double exception = 0;  // exception 4 or 6 instead of the response
  double reset = 0;      // the connection is reset instead
  double hang = 0;       // the connection stays open but carries no more bytes
  double short_response = 0;  // fewer registers than requested, without an exception
  double wrong_unit = 0;      // a valid frame with another unit id
  double foreign = 0;         // a foreign frame before the response, distinguishable from it

  // A response to another master: our unit id and byte count, but other registers. When it arrives before or
  // after our response, ours is complete and in time. When it replaces ours and its request is not visible,
  // no client can detect it.
  double lookalike = 0;
  LookalikePosition lookalike_position = LookalikePosition::anywhere;
  double lookalike_request = 0.5;  // probability that the other master's request is visible before it

  StrayByteOptions stray_bytes;
  ResponseLagOptions lag;
  ResponseIds ids = ResponseIds::same;
};

struct SimulatedController {
  profile::ProfilePtr profile;
  std::uint8_t unit_id = 1;
  std::string site;  // a switchboard sums the gensets of the same site
};

// Once per period the line is silent for `lasting`; 0: no outages.
struct LineOutage {
  std::chrono::milliseconds period{60'000};
  std::chrono::milliseconds lasting{0};
};

// Another master that polls the same controllers on the same line with the pauses of the specification (phase
// 2, critical points of the HGM9560): another client of the converter, or a master on the serial line itself,
// whose requests are then visible too.
struct ForeignMasterOptions {
  std::vector<profile::Block> blocks;  // read from each unit in this order
  bool requests_visible = false;
  std::chrono::milliseconds interval{2'000};  // between the end of a round and the next one
};

// One TCP address and the controllers behind it.
struct ModbusServerOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;  // 0: any free port, see Simulator::ports()
  modbus::Protocol protocol = modbus::Protocol::tcp;
  std::vector<SimulatedController> controllers;
  bool serial_pacing = false;  // responses take the time of a serial line with 11 bits per character
  unsigned baud = 9'600;
  std::chrono::milliseconds turnaround{60};  // from request to response of a controller, with serial_pacing
  // A converter forwards the bytes of the line in packets: each covers this time, or with 0 ends at a pause
  // of four characters. rtu_over_tcp only.
  std::chrono::milliseconds packing{0};
  std::size_t clients_max =
      0;              // simultaneous connections, further ones are reset; 0: the limit of such a device
  ReadLimits limits;  // reads that its controllers refuse
  std::vector<std::uint8_t> dead_units;  // do not respond, as if not connected
  LineOutage outage;
  ConverterIdentity identity;
  UnsolicitedData unsolicited_data;
  ConnectionBehaviour connection_behaviour;
  bool copies_responses =
      false;  // each response also goes to the other clients, as from a converter; Modbus TCP
  std::optional<ForeignMasterOptions> foreign_master;  // rtu_over_tcp only
  LineFaults faults;
};

struct SimulatorOptions {
  std::vector<ModbusServerOptions> servers;
  std::uint64_t seed = 1;
  double speed = 1.0;  // plant time per real time
  // The first genset loses its oil pressure after so much plant time; empty: never.
  std::optional<std::chrono::seconds> oil_failure_after;
  bool pattern = false;  // registers encode their address and the time (pattern.hpp)
  std::function<void(const std::string& line)> trace;  // receives a line for each connection and request
};

}  // namespace gensetd::simulator
