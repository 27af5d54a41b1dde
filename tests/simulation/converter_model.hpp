#pragma once

#include "controllers.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace gensetd::simulation {

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
  void send_unsolicited_later(
      ModelController& controller);  // sends frames while no request is outstanding and the fault lasts

 private:
  void handle_request(const Bytes& request);
  void send_unsolicited(const ModelController& controller);
  void respond(ModelController& controller, const modbus::ReadRequest& read);
  void send_on_line(Bytes bytes, const modbus::ReadRequest* read, std::function<void()> arrived = {});

  PlantModel& plant_;
  std::map<int, Bytes> received_;
  Time line_free_at_{};
  Time packed_until_{};
};

}  // namespace gensetd::simulation
