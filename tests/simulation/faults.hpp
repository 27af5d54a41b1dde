#pragma once

#include "contract.hpp"
#include "controllers.hpp"

#include <functional>
#include <string>
#include <vector>

namespace gensetd::simulation {

// What goes wrong with a plant, by chance: one fault at a time in each place (a host, a controller, the
// machine), so up to a dozen at once. The last minutes are free of faults. Use: construct with all that there
// is, and start().
class Faults {
 public:
  Faults(Plant& plant, Contract& contract, std::vector<Genset*> gensets, Converter& converter, Time until);

  void start();

  // Whether host names are looked up in vain just now.
  bool names_fail() const { return names_fail_; }

 private:
  using Step = std::function<void()>;
  struct Fault {
    std::string name;
    Step begin;
    Step end;
  };

  void visit(std::function<Fault()> draw, Time pause_max);
  Fault of_genset(Genset& genset);
  Fault of_converter();
  Fault of_path(Peer& peer, std::vector<std::int64_t> ids, std::uint64_t which);
  Fault of_controller(Peer& peer, Controller& controller);
  Fault of_machine();
  Fault marked(std::string name, std::vector<std::int64_t> ids, bool dead, Step begin, Step end);
  std::vector<std::int64_t> behind(const Converter& converter) const;
  Genset& genset_with(std::int64_t device_id) const;

  Plant& plant_;
  Contract& contract_;
  const std::vector<Genset*> gensets_;
  Converter& converter_;
  const Time until_;
  bool names_fail_ = false;
};

}  // namespace gensetd::simulation
