#pragma once

#include "simulator/binding.hpp"
#include "simulator/options.hpp"
#include "simulator/pattern.hpp"
#include "simulator/register_bank.hpp"
#include "simulator/site.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

namespace gensetd::simulator {

// All sites and the registers of their controllers, without clock and sockets. The options alone determine
// the registers after n steps. Use: step() for each step of plant time; registers() for each request. With a
// pattern clock, the registers contain the pattern of its time instead.
class Plant {
 public:
  using PatternClock = std::function<UnixTime()>;

  Plant(const std::vector<ModbusServerOptions>& servers, std::uint64_t seed, PatternClock pattern_clock = {});

  void step();

  // The first genset loses its oil pressure at this step.
  void fail_oil_pump_at(std::uint64_t step) { oil_failure_at_ = step; }

  // The current registers of one controller. Valid until the next call for the same controller.
  const RegisterBank& registers(std::size_t server, std::size_t controller);
  void pin(std::size_t server, std::size_t controller, std::uint16_t address, std::uint16_t raw);

 private:
  struct Bindings {
    Binding<GensetReadings> genset;
    Binding<SwitchboardReadings> switchboard;
  };
  struct Node {
    profile::ProfilePtr profile;
    std::uint8_t unit_id;
    const Bindings* bindings;
    RegisterBank bank;
    PlantSite* site;
    std::size_t genset;  // index in the site, for a generator
    std::uint64_t written_step;
    std::vector<std::string_view> alarms = {};  // those that are written
  };

  Node make_node(const SimulatedController& controller, PlantSite& site);
  void write_registers(Node& node) const;
  void write_alarms(Node& node) const;

  PatternClock pattern_clock_;
  std::uint64_t steps_ = 0;
  std::optional<std::uint64_t> oil_failure_at_;
  std::map<const profile::Profile*, Bindings> bindings_;
  std::deque<PlantSite> sites_;  // does not move its elements
  std::vector<std::vector<Node>> nodes_;
};

}  // namespace gensetd::simulator
