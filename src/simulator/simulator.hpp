#pragma once

#include "profile/catalog.hpp"
#include "simulator/options.hpp"

#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <memory>
#include <vector>

namespace gensetd::simulator {

class Listener;
class Plant;
class PlantClock;

// A plant of controllers that answers Modbus on its ports and lives its own life behind them. Use:
// constructing binds every port (std::runtime_error names the address and port that cannot be bound);
// start(); stop() or the end of the object closes every connection at once. One thread: the io_context's.
class Simulator {
 public:
  Simulator(boost::asio::io_context& context, Options options);
  ~Simulator();
  Simulator(const Simulator&) = delete;
  Simulator& operator=(const Simulator&) = delete;

  void start();
  void stop();

  std::vector<std::uint16_t> ports() const;  // in the order of Options::listening

  // What a register would read now, and making it read `raw` for good. For tests.
  std::uint16_t register_value(std::size_t listening, std::size_t controller, std::uint16_t address) const;
  void set_register(std::size_t listening, std::size_t controller, std::uint16_t address, std::uint16_t raw);

  void set_faults(std::size_t listening, const Faults& faults);

  // false: the cable is pulled, so the port is closed and its connections are reset. true: back on the same
  // port.
  void set_accepting(std::size_t listening, bool accepting);

 private:
  std::shared_ptr<Plant> plant_;
  std::shared_ptr<PlantClock> clock_;
  std::vector<std::shared_ptr<Listener>> listeners_;
};

// Two sites MKZ and YKZ, each with two HGM9520N on TCP ports and one HGM9560 behind a paced RTU-over-TCP
// port: first_port, +1 and +2; +10, +11 and +12. With first_port 0 every port is any free one. Throws
// std::runtime_error when a profile is missing or a port beyond 65535.
Options demo_plant(const profile::Catalog& catalog, std::uint16_t first_port, std::uint64_t seed);

// `devices` HGM9520N on Modbus TCP, four to a site: a port for each, or unit ids 1..247 behind one port, and
// the next port when that is full. Throws as demo_plant().
Options many(const profile::Catalog& catalog, std::size_t devices, std::uint16_t first_port, bool one_port,
             std::uint64_t seed);

}  // namespace gensetd::simulator
