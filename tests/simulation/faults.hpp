#pragma once

#include "converter_model.hpp"
#include "genset_model.hpp"
#include "poller_checks.hpp"

#include <functional>
#include <string>
#include <vector>

namespace gensetd::simulation {

// Random faults of a plant: at most one at a time for each host, each controller and the machine, so up to a
// dozen at once. The last minutes have no faults. Use: construct with all parts of the plant; start().
class PlantFaults {
 public:
  PlantFaults(PlantModel& plant, PollerChecks& checks, std::vector<GensetModel*> gensets,
              ConverterModel& converter, Time until);

  void start();

  // Whether lookups of host names fail now.
  bool names_fail() const { return names_fail_; }

 private:
  using Step = std::function<void()>;
  struct Fault {
    std::string name;
    Step begin;
    Step end;
  };

  void visit(std::function<Fault()> draw, Time pause_max);
  Fault of_genset(GensetModel& genset);
  Fault of_converter();
  Fault of_path(Peer& peer, std::vector<std::int64_t> ids, std::uint64_t which);
  Fault of_controller(Peer& peer, ModelController& controller);
  Fault of_machine();
  Fault marked(std::string name, std::vector<std::int64_t> ids, bool dead, Step begin, Step end);
  std::vector<std::int64_t> behind(const ConverterModel& converter) const;
  GensetModel& genset_with(std::int64_t device_id) const;

  PlantModel& plant_;
  PollerChecks& checks_;
  const std::vector<GensetModel*> gensets_;
  ConverterModel& converter_;
  const Time until_;
  bool names_fail_ = false;
};

}  // namespace gensetd::simulation
