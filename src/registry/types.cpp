#include "registry/types.hpp"

#include <fmt/format.h>

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

std::string print_damage(const std::vector<Damage>& damage) {
  std::string text;
  for (const Damage& one : damage) text += fmt::format("{}{}", text.empty() ? "" : "; ", one.what);
  return text;
}

std::string reason_not_to_poll(const Directory& directory, const Device& device) {
  if (!device.damage.empty())
    return fmt::format("its row in the database is damaged: {}", print_damage(device.damage));
  if (!device.is_active) return "the device is not active";
  const auto site = directory.sites.find(device.site_id);
  if (site != directory.sites.end() && !site->second.damage.empty())
    return fmt::format("the row of its site in the database is damaged: {}",
                       print_damage(site->second.damage));
  if (site == directory.sites.end() || !site->second.is_active) return "its site is not active";
  return {};
}

}  // namespace gensetd::registry
