#pragma once

#include "modbus/read_request.hpp"
#include "network.hpp"
#include "poller/register_codes.hpp"
#include "profile/profile.hpp"
#include "random_source.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace gensetd::simulation {

// The fault of a controller.
enum class ControllerFault : std::uint8_t {
  none,
  silent,
  late,              // responds after 0.3 to 9 s
  lossy,             // one request in four gets no response
  one_lost,          // the next response is lost, then the fault ends
  torn,              // responses are sent in pieces
  doubled,           // responses are sent twice, the copy up to 0.4 s later
  mangled,           // CRC, transaction id, unit id or length are wrong, now and then
  unsolicited,       // unsolicited responses before the right one
  idle_unsolicited,  // unsolicited responses and exceptions while no request is pending
  own_ids,           // Modbus TCP: its transaction ids are not those of the requests
  shortened,         // fewer registers than requested, or a smaller byte count, in one response of five
  busy,              // exception 5, 6, 10 or 11, one request in three
  refuses_block,     // exception 2 to reads that touch one block
  mute_when_merged,  // no response to reads of more than one block
};

const char* word(ControllerFault controller_fault);

// A cycle has one retry: it may fail if two losses are closer together than this.
inline constexpr std::chrono::minutes loss_pause{1};

// A controller whose registers encode their address and the time of the read.
struct ModelController {
  std::int64_t device_id = 0;
  std::uint8_t unit_id = 1;
  profile::ProfilePtr profile;
  ControllerFault controller_fault = ControllerFault::none;
  std::uint16_t faulty_block = 0;
  Time lost_at{};  // the last response of one_lost, or connection, whose loss is no reason to fail
};

// Receives the events of responses.
class ResponseObserver {
 public:
  virtual ~ResponseObserver() = default;
  // The last byte of a response to this request, valid or not, is readable.
  virtual void responded(Peer& peer, const modbus::ReadRequest& request) = 0;
  // A copy of a response, indistinguishable from the response to another request of this unit and count.
  virtual void response_copied(Peer& peer, const modbus::ReadRequest& request) = 0;
  virtual void partly_responded(Peer& peer, const modbus::ReadRequest& request) = 0;
  // A response was lost, delayed or damaged: readings of its device may fail until `until`.
  virtual void response_lost(const ModelController& controller, Time until) = 0;
  // Requests on a new connection are ignored until `until`.
  virtual void ignoring_requests(const ModelController& controller, Time until) = 0;
  // Whether the program waits for neither a response nor a connection.
  virtual bool is_idle(const Peer& peer) const = 0;
};

// The shared parts of all controllers.
struct PlantModel {
  Kernel& kernel;
  Network& network;
  RandomSource& chance;
  Trace& trace;
  ResponseObserver& observer;
  poller::RegisterCodes codes;

  poller::SteadyTime steady() const { return poller::SteadyTime{kernel.now()}; }
  // Whether the program reads bytes that arrive now before it sends anything.
  bool is_idle(const Peer& peer) const { return !kernel.is_stalled() && observer.is_idle(peer); }
};

inline constexpr std::uint8_t read_holding_registers = 3;
inline constexpr modbus::ReadRequest no_request{.count = 0};  // a response to no request
// After this time, a late or damaged response no longer spoils others.
inline constexpr std::chrono::milliseconds longest_spoiled{1'000};
// A request whose response was late or damaged has ended by then.
inline constexpr std::chrono::seconds unsolicited_delay{10};

// The PDU of a controller without faults: function, byte count, registers; or an exception. Empty: no
// response.
Bytes response_pdu(PlantModel& plant, const ModelController& controller, const modbus::ReadRequest& read);

Bytes exception_pdu(std::uint8_t code);

// A response with fewer registers; or with all of them, and a smaller byte count.
Bytes shortened(PlantModel& plant, Bytes pdu, std::uint16_t count, const std::string& name);

}  // namespace gensetd::simulation
