#pragma once

#include "profile/catalog.hpp"
#include "simulator/options.hpp"

#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <memory>
#include <vector>

namespace gensetd::simulator {

class ModbusServer;
class Plant;
class PlantClock;

// A simulated plant whose controllers respond to Modbus requests on its ports. Use: the constructor binds
// every port (std::runtime_error with the address and port that cannot be bound); start(); stop() or the
// destructor closes every connection at once. One thread: the io_context's.
class Simulator {
 public:
  Simulator(boost::asio::io_context& context, SimulatorOptions options);
  ~Simulator();
  Simulator(const Simulator&) = delete;
  Simulator& operator=(const Simulator&) = delete;

  void start();
  void stop();

  std::vector<std::uint16_t> ports() const;  // in the order of SimulatorOptions::servers

  // For tests: the current value of a register; makes a register read `raw` from now on.
  std::uint16_t register_value(std::size_t server, std::size_t controller, std::uint16_t address) const;
  void set_register(std::size_t server, std::size_t controller, std::uint16_t address, std::uint16_t raw);

  void set_faults(std::size_t server, const LineFaults& faults);

  // false: the cable is pulled, so the port is closed and its connections are reset. true: opens the same
  // port again.
  void set_accepting(std::size_t server, bool accepting);

 private:
  std::shared_ptr<Plant> plant_;
  std::shared_ptr<PlantClock> clock_;
  std::vector<std::shared_ptr<ModbusServer>> servers_;
};

// Two sites MKZ and YKZ, each with two HGM9520N on TCP ports and one HGM9560 behind a paced RTU-over-TCP
// port: first_port, +1 and +2; +10, +11 and +12. With first_port 0 every port is a free one. Throws
// std::runtime_error if a profile is missing or a port is above 65535.
SimulatorOptions demo_plant(const profile::Catalog& catalog, std::uint16_t first_port, std::uint64_t seed);

// `devices` HGM9520N on Modbus TCP, four per site: a port for each, or with one_port 247 unit ids (1..247)
// per port. Throws like demo_plant().
SimulatorOptions many_gensets(const profile::Catalog& catalog, std::size_t devices, std::uint16_t first_port,
                              bool one_port, std::uint64_t seed);

}  // namespace gensetd::simulator
