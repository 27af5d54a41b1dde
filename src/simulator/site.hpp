#pragma once

#include "simulator/genset.hpp"
#include "simulator/mains.hpp"
#include "simulator/random.hpp"
#include "simulator/switchboard.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace gensetd::simulator {

// The gensets, the switchboard and the mains of one site. In parallel with the mains, each genset carries its
// base load and the mains the rest; without mains, the gensets on the busbar share the demand.
// Use: add_genset() for each, then one step() per plant step.
class PlantSite {
 public:
  explicit PlantSite(std::uint64_t seed);

  // Operating modes repeat after four gensets: continuous, cycling, continuous, stopped. Returns the index of
  // the new genset.
  std::size_t add_genset();

  void step();
  std::size_t gensets() const { return gensets_.size(); }
  const Genset& genset(std::size_t index) const { return gensets_[index]; }
  Genset& genset(std::size_t index) { return gensets_[index]; }
  const Switchboard& switchboard() const { return switchboard_; }

 private:
  bool is_parallel_to_mains() const;
  Busbar busbar() const;
  GensetTotals totals() const;
  Switchboard::Demand demand() const;
  double requested_kw(const Genset& genset) const;

  std::uint64_t seed_;
  Random random_;
  Mains mains_;
  Switchboard switchboard_;
  std::vector<Genset> gensets_;
  Drift demand_drift_{0.05};
  Drift frequency_drift_{0.05};
  double seconds_ = 0;
};

}  // namespace gensetd::simulator
