#pragma once

#include "simulator/genset_readings.hpp"
#include "simulator/random.hpp"
#include "simulator/sequence.hpp"
#include "simulator/three_phase.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

namespace gensetd::simulator {

inline constexpr double genset_rated_kw = 300;

// Mains, busbar and requested load of a genset in one step.
struct GensetInputs {
  Phases mains_voltages{};
  double mains_frequency = 0;
  bool mains_normal = false;
  bool mains_on_load = false;
  bool busbar_live = false;
  Phases busbar_voltages{};
  double busbar_frequency = 0;
  double requested_kw = 0;  // the load share of this genset
};

// One genset with its engine, generator, breaker and controller. The seed and the inputs determine all
// values. Use: one step() per plant step, then readings(). The figures are those of a 300 kW diesel genset,
// with shorter thermal time constants so that a change is visible within a minute.
class Genset {
 public:
  Genset(std::uint64_t seed, OperatingMode operating_mode);

  void step(const GensetInputs& inputs);

  // From now on the engine loses its oil pressure while it runs, which shuts it down.
  void fail_oil_pump() { has_oil_pump_failed_ = true; }
  GensetReadings readings() const;

  // The alarms that are on, as group and code of the alarm points of a profile.
  std::vector<std::string_view> alarms() const;

  Status status() const { return sequence_.status(); }
  bool breaker_closed() const { return sequence_.breaker_closed(); }
  bool shares_load() const { return breaker_closed() && !sequence_.unloading(); }
  double power_kw() const { return power_kw_[0] + power_kw_[1] + power_kw_[2]; }
  double reactive_kvar() const { return reactive_kvar_[0] + reactive_kvar_[1] + reactive_kvar_[2]; }
  double base_load_kw() const;  // the load in parallel with the mains
  double nominal_kw() const { return genset_rated_kw; }

 private:
  bool running() const { return speed_ > 500; }
  bool on_live_busbar() const { return breaker_closed() && inputs_.busbar_live; }
  bool synchronised() const;
  double target_speed() const;
  void update_speed();
  void update_voltages();
  void update_phase();
  void update_load();
  void update_temperatures();
  void update_counters();
  void check_oil_pressure();
  bool has_low_fuel() const;
  void fill_engine(GensetReadings& shown) const;
  void fill_generator(GensetReadings& shown) const;

  Random random_;
  OperatingMode operating_mode_;
  Sequence sequence_;
  GensetInputs inputs_;

  // Fixed by the seed.
  Phases unbalance_;  // relative
  bool has_oil_temp_;
  bool has_turbo_pressure_;

  Drift load_drift_{0.06};
  Drift power_factor_drift_{0.02};
  Drift voltage_drift_{0.6};
  double seconds_;  // plant time plus a random offset

  double speed_ = 0;  // rpm
  double frequency_ = 0;
  Phases voltages_{};
  double phase_degrees_ = 0;  // generator relative to the busbar, -180..180
  double share_kw_ = 0;       // ramps towards the requested load
  Phases power_kw_{};
  Phases reactive_kvar_{};
  Phases currents_{};
  Phases power_factors_{};
  double earth_current_ = 0;
  double coolant_ = 40;  // degrees C
  double oil_ = 35;
  double oil_pressure_ = 0;  // kPa
  bool has_oil_pump_failed_ = false;
  bool is_shut_down_ = false;  // by low oil pressure, until it is reset at the panel
  double fuel_percent_;
  double run_seconds_;
  double energy_kwh_;
  std::uint32_t starts_;
};

}  // namespace gensetd::simulator
