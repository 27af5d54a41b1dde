#pragma once

#include "simulator/options.hpp"
#include "simulator/pattern.hpp"
#include "simulator/register_bank.hpp"
#include "simulator/site.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <vector>

namespace gensetd::simulator {

// All sites and the registers of all their controllers, without clock and sockets. The registers after n
// steps follow from the options alone. Use: step() in plant time; registers() when somebody asks. With a
// pattern clock they show the pattern at its time instead.
class Plant {
 public:
  using PatternClock = std::function<UnixTime()>;

  Plant(const std::vector<Listening>& listening, std::uint64_t seed, PatternClock pattern_clock = {});

  void step();

  // The registers of one controller as they are now. Valid until the next call for the same controller.
  const RegisterBank& registers(std::size_t listening, std::size_t controller);
  void pin(std::size_t listening, std::size_t controller, std::uint16_t address, std::uint16_t raw);

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
    Site* site;
    std::size_t genset;  // index in the site, for a generator
    std::uint64_t shown_step;
  };

  Node make_node(const Controller& controller, Site& site);
  void show(Node& node) const;

  PatternClock pattern_clock_;
  std::uint64_t steps_ = 0;
  std::map<const profile::Profile*, Bindings> bindings_;
  std::deque<Site> sites_;  // does not move its elements
  std::vector<std::vector<Node>> nodes_;
};

}  // namespace gensetd::simulator
