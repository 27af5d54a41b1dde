#include "simulator/site.hpp"

#include "simulator/plant_time.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace gensetd::simulator {
namespace {

constexpr std::array<OperatingMode, 4> operating_modes{OperatingMode::continuous, OperatingMode::cycling,
                                                       OperatingMode::continuous, OperatingMode::stopped};

// Parts of a site with their own seed; the gensets start at `first_genset`.
enum Part : std::uint64_t { itself, the_mains, the_switchboard, first_genset };

}  // namespace

PlantSite::PlantSite(std::uint64_t seed)
    : seed_(seed),
      random_(seed_of_part(seed, itself)),
      mains_(seed_of_part(seed, the_mains)),
      switchboard_(seed_of_part(seed, the_switchboard), true) {}

std::size_t PlantSite::add_genset() {
  const std::size_t index = gensets_.size();
  gensets_.emplace_back(seed_of_part(seed_, first_genset + index),
                        operating_modes[index % operating_modes.size()]);
  return index;
}

void PlantSite::step() {
  seconds_ += step_seconds;
  demand_drift_.step(random_);
  frequency_drift_.step(random_);
  mains_.step();
  const Busbar busbar_now = busbar();
  GensetInputs inputs{.mains_voltages = mains_.phase_voltages(),
                      .mains_frequency = mains_.frequency(),
                      .mains_normal = switchboard_.mains_normal(),
                      .mains_on_load = switchboard_.mains_connected(),
                      .busbar_live = busbar_now.live,
                      .busbar_voltages = busbar_now.voltages,
                      .busbar_frequency = busbar_now.frequency};
  for (Genset& genset : gensets_) {
    inputs.requested_kw = requested_kw(genset);
    genset.step(inputs);
  }
  switchboard_.step(mains_, busbar(), totals(), demand());
}

bool PlantSite::is_parallel_to_mains() const {
  return switchboard_.busbar_connected() && switchboard_.mains_connected() && mains_.present();
}

Busbar PlantSite::busbar() const {
  if (is_parallel_to_mains()) return {true, mains_.phase_voltages(), mains_.frequency()};
  const bool fed =
      std::any_of(gensets_.begin(), gensets_.end(), [](const Genset& g) { return g.breaker_closed(); });
  const double volts = nominal_phase_voltage + 20 * frequency_drift_.value();
  if (fed) return {true, {volts, volts, volts}, nominal_frequency + frequency_drift_.value()};
  // A genset that closes onto a dead busbar supplies it itself within the same step.
  return {false, {0, 0, 0}, 0};
}

GensetTotals PlantSite::totals() const {
  GensetTotals sum;
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

// Slightly more than the gensets carry in parallel with the mains, so that the mains usually deliver power.
Switchboard::Demand PlantSite::demand() const {
  const double sets = static_cast<double>(std::max<std::size_t>(1, gensets_.size()));
  const double share = 0.85 + 0.08 * std::sin(seconds_ / 70) + demand_drift_.value();
  const double kw = sets * genset_rated_kw * share;
  return {.power_kw = kw, .reactive_kvar = 0.45 * kw};
}

double PlantSite::requested_kw(const Genset& genset) const {
  if (!switchboard_.busbar_connected()) return 0;
  if (is_parallel_to_mains()) return genset.base_load_kw();
  const auto sharing =
      std::count_if(gensets_.begin(), gensets_.end(), [](const Genset& g) { return g.shares_load(); });
  const double share = demand().power_kw / static_cast<double>(std::max<std::ptrdiff_t>(1, sharing));
  return std::min(share, genset.nominal_kw());
}

}  // namespace gensetd::simulator
