#pragma once

#include "modbus/read_request.hpp"

#include <cstdint>
#include <string>

namespace gensetd::poller {

// Where the requests for a device go.
struct DeviceAddress {
  std::string host;
  std::uint16_t port = 502;
  std::uint8_t unit_id = 1;
  modbus::Protocol protocol = modbus::Protocol::tcp;

  bool operator==(const DeviceAddress&) const = default;
};

}  // namespace gensetd::poller
