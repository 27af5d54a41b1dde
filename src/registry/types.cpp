#include "registry/types.hpp"

namespace gensetd::registry {

using modbus::Protocol;
using profile::DeviceType;

std::string_view to_word(DeviceType type) {
  switch (type) {
    case DeviceType::generator:
      return "generator";
    case DeviceType::ats:
      return "ats";
  }
  return {};
}

std::string_view to_word(Protocol protocol) {
  switch (protocol) {
    case Protocol::tcp:
      return "tcp";
    case Protocol::rtu_over_tcp:
      return "rtu_over_tcp";
  }
  return {};
}

std::optional<DeviceType> device_type_from(std::string_view word) {
  for (const DeviceType type : {DeviceType::generator, DeviceType::ats}) {
    if (word == to_word(type)) return type;
  }
  return std::nullopt;
}

std::optional<Protocol> protocol_from(std::string_view word) {
  for (const Protocol protocol : {Protocol::tcp, Protocol::rtu_over_tcp}) {
    if (word == to_word(protocol)) return protocol;
  }
  return std::nullopt;
}

}  // namespace gensetd::registry
