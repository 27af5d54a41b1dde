#include "simulator/simulator.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>

// Predefined plants.
namespace gensetd::simulator {
namespace {

constexpr std::size_t units_per_port = 247;  // the unit ids of the serial line guide V1.02, 2.2
constexpr std::size_t gensets_per_site = 4;
constexpr std::size_t highest_port = 65'535;

profile::ProfilePtr profile_named(const profile::Catalog& catalog, const char* name) {
  profile::ProfilePtr found = catalog.find(name);
  if (!found)
    throw std::runtime_error(std::string("the simulator needs the profile ") + name +
                             ", which does not exist");
  return found;
}

std::uint16_t port_at(std::uint16_t first_port, std::size_t offset) {
  if (first_port == 0) return 0;
  const std::size_t port = first_port + offset;
  if (port > highest_port) {
    throw std::runtime_error("the simulator needs port " + std::to_string(port) +
                             ", but the highest port is 65535: use a lower first port or fewer devices");
  }
  return static_cast<std::uint16_t>(port);
}

}  // namespace

SimulatorOptions demo_plant(const profile::Catalog& catalog, std::uint16_t first_port, std::uint64_t seed) {
  const profile::ProfilePtr genset = profile_named(catalog, "hgm9520n");
  const profile::ProfilePtr switchboard = profile_named(catalog, "hgm9560");
  SimulatorOptions options{.seed = seed};
  std::size_t offset = 0;
  for (const std::string site : {"MKZ", "YKZ"}) {
    for (std::size_t index = 0; index < 3; ++index) {
      const bool is_genset = index < 2;
      ModbusServerOptions place{.port = port_at(first_port, offset + index)};
      place.protocol = is_genset ? modbus::Protocol::tcp : modbus::Protocol::rtu_over_tcp;
      place.serial_pacing = !is_genset;
      place.controllers.push_back({.profile = is_genset ? genset : switchboard, .unit_id = 1, .site = site});
      options.servers.push_back(std::move(place));
    }
    offset += 10;
  }
  return options;
}

SimulatorOptions many_gensets(const profile::Catalog& catalog, std::size_t devices, std::uint16_t first_port,
                              bool one_port, std::uint64_t seed) {
  const profile::ProfilePtr genset = profile_named(catalog, "hgm9520n");
  const std::size_t per_port = one_port ? units_per_port : 1;
  SimulatorOptions options{.seed = seed};
  for (std::size_t first = 0; first < devices; first += per_port) {
    ModbusServerOptions place{.port = port_at(first_port, first / per_port)};
    const std::size_t end = std::min(devices, first + per_port);
    for (std::size_t device = first; device < end; ++device) {
      place.controllers.push_back({.profile = genset,
                                   .unit_id = static_cast<std::uint8_t>(device - first + 1),
                                   .site = "S" + std::to_string(device / gensets_per_site + 1)});
    }
    options.servers.push_back(std::move(place));
  }
  return options;
}

}  // namespace gensetd::simulator
