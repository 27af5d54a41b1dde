#pragma once

#include "modbus/read_request.hpp"
#include "network.hpp"
#include "poller/register_codes.hpp"
#include "profile/profile.hpp"
#include "random_source.hpp"

#include <cstdint>
#include <map>
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
  strays,            // unsolicited responses before the right one
  idle_strays,       // unsolicited responses and exceptions while no request is pending
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

// An HGM9520N: a Modbus TCP server.
class GensetModel final : public Peer {
 public:
  GensetModel(PlantModel& plant, std::string name, std::string address, ModelController controller);
  void opened(int connection) override;
  void received(int connection, std::span<const std::uint8_t> bytes) override;
  void closed(int connection) override;

  ModelController controller;
  bool frozen = false;      // the connection stays open but carries no bytes
  bool resets = false;      // breaks off a connection, one request in four
  bool ends_early = false;  // shuts down its side, one request in four
  bool closes_after_response = false;
  void stray_later();     // sends frames while no request is outstanding, as long as the fault lasts
  void begin_ignoring();  // for 1 to 4 s after each new connection, beginning with a new one now
  void end_ignoring() { ignores_ = false; }

 private:
  void handle_request(int connection, const Bytes& request);
  void respond(int connection, const Bytes& request, const modbus::ReadRequest& read);
  void deliver(int connection, Bytes frame, const modbus::ReadRequest& read);
  void send_stray();
  std::uint16_t own_id(std::uint16_t transaction_id);

  PlantModel& plant_;
  std::map<int, Bytes> received_;
  std::map<int, Time> ignores_until_;
  bool ignores_ = false;
  bool has_responded_ = true;                  // on the connection before the newest one, or since
  std::uint16_t last_id_ = 0;                  // of the last request,
  modbus::ReadRequest last_read_{.count = 1};  // and its request
  std::uint16_t own_id_ = 0;
  Time free_at_{};
  Time sending_until_{};
};

// A serial converter with HGM9560 and others behind it: RTU at 9600 baud. Bytes of the line go to the clients
// that are connected at that moment.
class ConverterModel final : public Peer {
 public:
  ConverterModel(PlantModel& plant, std::string name, std::string address, std::uint16_t port,
                 std::vector<ModelController> its_controllers);
  void opened(int) override {}
  void received(int connection, std::span<const std::uint8_t> bytes) override;
  void closed(int connection) override;

  std::vector<ModelController> controllers;
  bool frozen = false;  // the serial cable is out
  bool resets = false;
  bool is_noisy = false;
  bool closes_after_response = false;
  void send_noise();  // sends noise while the fault lasts
  void stray_later(
      ModelController& controller);  // sends frames while no request is outstanding and the fault lasts

 private:
  void handle_request(const Bytes& request);
  void send_stray(const ModelController& controller);
  void respond(ModelController& controller, const modbus::ReadRequest& read);
  void send_on_line(Bytes bytes, const modbus::ReadRequest* read, std::function<void()> arrived = {});

  PlantModel& plant_;
  std::map<int, Bytes> received_;
  Time line_free_at_{};
  Time packed_until_{};
};

// The PDU of a controller without faults: function, byte count, registers; or an exception. Empty: no
// response.
Bytes response_pdu(PlantModel& plant, const ModelController& controller, const modbus::ReadRequest& read);

}  // namespace gensetd::simulation
