#pragma once

#include "controllers.hpp"

#include <cstdint>
#include <map>
#include <span>
#include <string>

namespace gensetd::simulation {

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
  void send_unsolicited_later();  // sends frames while no request is outstanding, as long as the fault lasts
  void begin_ignoring();          // for 1 to 4 s after each new connection, beginning with a new one now
  void end_ignoring() { ignores_ = false; }

 private:
  void handle_request(int connection, const Bytes& request);
  void respond(int connection, const Bytes& request, const modbus::ReadRequest& read);
  void deliver(int connection, Bytes frame, const modbus::ReadRequest& read);
  void send_unsolicited();
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

}  // namespace gensetd::simulation
