#include "simulator/site.hpp"

#include "simulator/plant_time.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace gensetd::simulator {
namespace {

constexpr std::array<Duty, 4> duties{Duty::continuous, Duty::cycling, Duty::continuous, Duty::stopped};

// Parts of a site that have a seed of their own; gensets follow from `first_genset` on.
enum Part : std::uint64_t { itself, the_mains, the_switchboard, first_genset };

}  // namespace

Site::Site(std::uint64_t seed)
    : seed_(seed),
      random_(seed_of_part(seed, itself)),
      mains_(seed_of_part(seed, the_mains)),
      switchboard_(seed_of_part(seed, the_switchboard), true) {}

std::size_t Site::add_genset() {
  const std::size_t index = gensets_.size();
  gensets_.emplace_back(seed_of_part(seed_, first_genset + index), duties[index % duties.size()]);
  return index;
}

void Site::step() {
  seconds_ += step_seconds;
  demand_drift_.step(random_);
  frequency_drift_.step(random_);
  mains_.step();
  const Busbar busbar_now = busbar();
  Surroundings around{.mains_voltages = mains_.phase_voltages(),
                      .mains_frequency = mains_.frequency(),
                      .mains_normal = switchboard_.mains_normal(),
                      .mains_on_load = switchboard_.mains_connected(),
                      .busbar_live = busbar_now.live,
                      .busbar_voltages = busbar_now.voltages,
                      .busbar_frequency = busbar_now.frequency};
  for (Genset& genset : gensets_) {
    around.wanted_kw = wanted_kw(genset);
    genset.step(around);
  }
  switchboard_.step(mains_, busbar(), together(), demand());
}

bool Site::beside_mains() const {
  return switchboard_.busbar_connected() && switchboard_.mains_connected() && mains_.present();
}

Busbar Site::busbar() const {
  if (beside_mains()) return {true, mains_.phase_voltages(), mains_.frequency()};
  const bool fed =
      std::any_of(gensets_.begin(), gensets_.end(), [](const Genset& g) { return g.breaker_closed(); });
  const double volts = nominal_phase_voltage + 20 * frequency_drift_.value();
  if (fed) return {true, {volts, volts, volts}, nominal_frequency + frequency_drift_.value()};
  // A set that closes onto a dead busbar brings it up to these values itself, in the same step.
  return {false, {0, 0, 0}, 0};
}

GensetsTogether Site::together() const {
  GensetsTogether sum;
  for (const Genset& genset : gensets_) {
    sum.any_closed = sum.any_closed || genset.breaker_closed();
    sum.any_turning =
        sum.any_turning || (genset.status() >= Status::safety_run && genset.status() <= Status::idle_stop);
    sum.power_kw += genset.power_kw();
    sum.reactive_kvar += genset.reactive_kvar();
    const bool further = genset.status() == Status::running || sum.status == Status::standby;
    if (further && sum.status != Status::running) sum.status = genset.status();
  }
  return sum;
}

// A little more than the sets carry beside the mains, so that the mains mostly deliver.
Switchboard::Demand Site::demand() const {
  const double sets = static_cast<double>(std::max<std::size_t>(1, gensets_.size()));
  const double share = 0.85 + 0.08 * std::sin(seconds_ / 70) + demand_drift_.value();
  const double kw = sets * genset_rated_kw * share;
  return {.power_kw = kw, .reactive_kvar = 0.45 * kw};
}

double Site::wanted_kw(const Genset& genset) const {
  if (!switchboard_.busbar_connected()) return 0;
  if (beside_mains()) return genset.base_load_kw();
  const auto sharing =
      std::count_if(gensets_.begin(), gensets_.end(), [](const Genset& g) { return g.shares_load(); });
  const double share = demand().power_kw / static_cast<double>(std::max<std::ptrdiff_t>(1, sharing));
  return std::min(share, genset.nominal_kw());
}

}  // namespace gensetd::simulator
