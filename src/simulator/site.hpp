#pragma once

#include "simulator/genset.hpp"
#include "simulator/mains.hpp"
#include "simulator/random.hpp"
#include "simulator/switchboard.hpp"

#include <cstdint>
#include <vector>

namespace gensetd::simulator {

// The gensets, the switchboard and the mains of one place. Beside the mains each set carries a load of its
// own choice and the mains the rest; without them the sets on the busbar share what is asked for.
// Use: add_genset() for each, then one step() per plant step.
class Site {
 public:
  explicit Site(std::uint64_t seed);

  // The first set of a site runs from the beginning, the second cycles; after four it begins anew, and the
  // fourth is stopped. Returns its index.
  std::size_t add_genset();

  void step();
  const Genset& genset(std::size_t index) const { return gensets_[index]; }
  const Switchboard& switchboard() const { return switchboard_; }

 private:
  bool beside_mains() const;
  Busbar busbar() const;
  GensetsTogether together() const;
  Switchboard::Demand demand() const;
  double wanted_kw(const Genset& genset) const;

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
