#include "simulator/genset.hpp"

#include "simulator/plant_time.hpp"

#include <algorithm>
#include <cmath>

namespace gensetd::simulator {
namespace {

constexpr double nominal_speed = 1'500;  // rpm: two pole pairs at 50 Hz
constexpr double idle_speed = 1'000;
constexpr double cranking_speed = 180;
constexpr double speed_per_frequency = nominal_speed / nominal_frequency;
constexpr double slip_frequency = 0.12;  // one turn of the phase in eight seconds while synchronising
constexpr double load_ramp_kw = 0.06 * genset_rated_kw * step_seconds;
constexpr double unloaded_kw = 0.03 * genset_rated_kw;
constexpr double tank_litres = 600;
constexpr double low_fuel_percent = 20;
constexpr double low_oil_pressure = 100;  // kPa

// One step of a first-order lag with time constant `seconds`.
double approach(double value, double target, double seconds) {
  return value + (target - value) * std::min(1.0, step_seconds / seconds);
}

bool near(double value, double middle, double distance) { return std::abs(value - middle) <= distance; }

double consumption_litres_per_hour(double load, double speed) {
  return (6 + 66 * load) * speed / nominal_speed;
}

}  // namespace

Genset::Genset(std::uint64_t seed, OperatingMode operating_mode)
    : random_(seed),
      operating_mode_(operating_mode),
      sequence_(operating_mode, random_),
      unbalance_{random_.between(-0.03, 0.03), random_.between(-0.03, 0.03), random_.between(-0.03, 0.03)},
      has_oil_temp_(random_.chance(0.5)),
      has_turbo_pressure_(random_.chance(0.5)),
      seconds_(random_.between(0, 600)),
      fuel_percent_(random_.between(low_fuel_percent - 2, 95)),
      run_seconds_(random_.between(300, 9'000) * 3'600),
      energy_kwh_(run_seconds_ / 3'600 * random_.between(120, 200)),
      starts_(static_cast<std::uint32_t>(random_.between(80, 900))) {
  if (!breaker_closed()) return;
  speed_ = nominal_speed;
  voltages_ = {nominal_phase_voltage, nominal_phase_voltage, nominal_phase_voltage};
  share_kw_ = base_load_kw();
  coolant_ = 84;
  oil_ = 92;
  oil_pressure_ = 420;
}

void Genset::step(const GensetInputs& inputs) {
  inputs_ = inputs;
  seconds_ += step_seconds;
  load_drift_.step(random_);
  power_factor_drift_.step(random_);
  voltage_drift_.step(random_);
  sequence_.step({.synchronised = synchronised(), .unloaded = share_kw_ < unloaded_kw}, random_);
  update_speed();
  update_voltages();
  update_phase();
  update_load();
  update_temperatures();
  check_oil_pressure();
  update_counters();
}

void Genset::check_oil_pressure() {
  if (!has_oil_pump_failed_ || is_shut_down_ || !running() || oil_pressure_ > low_oil_pressure) return;
  is_shut_down_ = true;
  sequence_.trip(random_);
}

bool Genset::has_low_fuel() const { return fuel_percent_ < low_fuel_percent; }

std::vector<std::string_view> Genset::alarms() const {
  std::vector<std::string_view> codes;
  if (is_shut_down_) codes.emplace_back("shutdown.low_oil_pressure");
  if (has_low_fuel()) codes.emplace_back("warning.low_fuel_level");
  return codes;
}

// A sine wave of some minutes plus a random drift, so that the load always changes.
double Genset::base_load_kw() const {
  const double wave = 0.66 + 0.1 * std::sin(seconds_ / 40) + load_drift_.value();
  return genset_rated_kw * std::clamp(wave, 0.3, 0.9);
}

// The conditions of a synchroniser; on a dead busbar only voltage and frequency matter.
bool Genset::synchronised() const {
  if (!near(mean(voltages_), nominal_phase_voltage, 0.05 * nominal_phase_voltage)) return false;
  if (!inputs_.busbar_live) return near(frequency_, nominal_frequency, 0.5);
  return near(frequency_, inputs_.busbar_frequency, 0.3) && near(phase_degrees_, 0, 8);
}

double Genset::target_speed() const {
  switch (status()) {
    case Status::cranking:
      return cranking_speed;
    case Status::safety_run:
    case Status::idle:
    case Status::idle_stop:
      return idle_speed;
    case Status::wait_load:
      return inputs_.busbar_live ? (inputs_.busbar_frequency + slip_frequency) * speed_per_frequency
                                 : nominal_speed;
    case Status::warming:
    case Status::running:
    case Status::cooling:
      return nominal_speed;
    default:
      return 0;
  }
}

void Genset::update_speed() {
  if (on_live_busbar()) {
    speed_ = approach(speed_, inputs_.busbar_frequency * speed_per_frequency, 0.3);
  } else {
    speed_ = approach(speed_, target_speed(), target_speed() > speed_ ? 0.7 : 1.6);
    if (running()) speed_ += random_.between(-0.5, 0.5);
    if (target_speed() == 0 && speed_ < 15) speed_ = 0;
  }
  frequency_ = speed_ < 150 ? 0 : speed_ / speed_per_frequency;
  if (on_live_busbar()) frequency_ = inputs_.busbar_frequency;
}

// The regulator holds the voltage from about 1400 rpm up and gives way with the speed below.
void Genset::update_voltages() {
  const double excited = speed_ > 400 ? std::min(1.0, speed_ / 1'400) : 0.01 * speed_ / idle_speed;
  for (std::size_t phase = 0; phase < 3; ++phase) {
    const double own =
        (nominal_phase_voltage + voltage_drift_.value()) * excited * (1 + unbalance_[phase] / 10);
    voltages_[phase] =
        on_live_busbar() ? inputs_.busbar_voltages[phase] : approach(voltages_[phase], own, 0.4);
  }
}

void Genset::update_phase() {
  if (!running()) {  // a real controller shows a random angle, 0..360, while the engine stands still
    phase_degrees_ = random_.between(0, 360);
  } else if (breaker_closed()) {
    phase_degrees_ = random_.between(-0.4, 0.4);
  } else if (inputs_.busbar_live) {
    phase_degrees_ += (frequency_ - inputs_.busbar_frequency) * 360 * step_seconds;
    phase_degrees_ = std::remainder(phase_degrees_, 360);
  } else {
    phase_degrees_ = 0;
  }
}

void Genset::update_load() {
  const double wanted =
      sequence_.unloading() ? 0 : std::clamp(inputs_.requested_kw, 0.0, 1.1 * genset_rated_kw);
  share_kw_ = breaker_closed() ? std::clamp(wanted, share_kw_ - load_ramp_kw, share_kw_ + load_ramp_kw) : 0;
  earth_current_ = share_kw_ > 0 ? 0.4 + random_.between(0, 0.3) : 0;
  const double unbalance_sum = 3 + unbalance_[0] + unbalance_[1] + unbalance_[2];
  for (std::size_t phase = 0; phase < 3; ++phase) {
    power_kw_[phase] = share_kw_ * (1 + unbalance_[phase]) / unbalance_sum;
    const double factor = std::clamp(0.93 + power_factor_drift_.value() + unbalance_[phase] / 4, 0.8, 0.99);
    const double apparent_kva = power_kw_[phase] / factor;
    reactive_kvar_[phase] = apparent_kva * std::sqrt(1 - factor * factor);
    currents_[phase] = voltages_[phase] > 50 ? apparent_kva * 1'000 / voltages_[phase] : 0;
    power_factors_[phase] = share_kw_ > 0 ? factor : 0;
  }
}

void Genset::update_temperatures() {
  const double load = share_kw_ / genset_rated_kw;
  const double coolant_target = running() ? 80 + 9 * load : 40;  // a heater keeps a standing engine warm
  coolant_ = approach(coolant_, coolant_target, running() ? 45 : 200);
  oil_ = approach(oil_, running() ? coolant_ + 10 : 36, running() ? 60 : 200);
  const double hot_pressure = 430 * speed_ / nominal_speed;
  const double cold_extra = std::max(0.0, 85 - coolant_) * 2.2 * speed_ / nominal_speed;
  oil_pressure_ = has_oil_pump_failed_ ? approach(oil_pressure_, 0, 3)
                                       : approach(oil_pressure_, hot_pressure + cold_extra, 0.8);
  if (oil_pressure_ < 2 && !running()) oil_pressure_ = 0;
}

void Genset::update_counters() {
  if (sequence_.starting()) ++starts_;
  if (!running()) return;
  run_seconds_ += step_seconds;
  energy_kwh_ += power_kw() * step_seconds / 3'600;
  const double litres =
      consumption_litres_per_hour(share_kw_ / genset_rated_kw, speed_) * step_seconds / 3'600;
  fuel_percent_ -= litres / tank_litres * 100;
  if (fuel_percent_ < low_fuel_percent - 5) fuel_percent_ = 95;  // refuelled
}

GensetReadings Genset::readings() const {
  GensetReadings shown;
  shown.mode_auto = operating_mode_ != OperatingMode::stopped;
  shown.mode_stop = operating_mode_ == OperatingMode::stopped;
  shown.alarm_shutdown = is_shut_down_;
  shown.alarm_warning = has_low_fuel();
  shown.alarm_common = is_shut_down_ || has_low_fuel();
  shown.alarm_count = shown.alarm_shutdown + shown.alarm_warning;
  shown.mains_normal = inputs_.mains_normal;
  shown.mains_load = inputs_.mains_on_load;
  shown.gen_normal = near(mean(voltages_), nominal_phase_voltage, 0.1 * nominal_phase_voltage) &&
                     near(frequency_, nominal_frequency, 2);
  shown.gen_closed = breaker_closed();
  fill_generator(shown);
  fill_engine(shown);
  shown.gen_status = static_cast<double>(status());
  shown.run_hours = std::floor(run_seconds_ / 3'600);
  shown.run_minutes = std::floor((run_seconds_ - shown.run_hours * 3'600) / 60);
  shown.start_count = starts_;
  shown.energy_kwh = std::floor(energy_kwh_);
  return shown;
}

void Genset::fill_generator(GensetReadings& shown) const {
  const Phases mains = line_voltages(inputs_.mains_voltages);
  shown.mains_uab = mains[0], shown.mains_ubc = mains[1], shown.mains_uca = mains[2];
  shown.mains_freq = inputs_.mains_frequency;
  const Phases line = line_voltages(voltages_);
  shown.gen_uab = line[0], shown.gen_ubc = line[1], shown.gen_uca = line[2];
  shown.gen_ua = voltages_[0], shown.gen_ub = voltages_[1], shown.gen_uc = voltages_[2];
  shown.gen_freq = frequency_;
  if (inputs_.busbar_live) {
    shown.volt_diff = line[0] - line_voltages(inputs_.busbar_voltages)[0];
    shown.freq_diff = frequency_ - inputs_.busbar_frequency;
  }
  shown.phase_diff = phase_degrees_;
  shown.current_a = currents_[0], shown.current_b = currents_[1], shown.current_c = currents_[2];
  shown.current_earth = earth_current_;
  shown.power_a = power_kw_[0], shown.power_b = power_kw_[1], shown.power_c = power_kw_[2];
  shown.power_total = power_kw();
  shown.reactive_a = reactive_kvar_[0], shown.reactive_b = reactive_kvar_[1],
  shown.reactive_c = reactive_kvar_[2];
  shown.reactive_total = reactive_kvar();
  shown.pf_a = power_factors_[0], shown.pf_b = power_factors_[1], shown.pf_c = power_factors_[2];
  const double apparent = std::hypot(power_kw(), reactive_kvar());
  shown.pf_avg = apparent > 0 ? power_kw() / apparent : 0;
}

void Genset::fill_engine(GensetReadings& shown) const {
  const double load = share_kw_ / genset_rated_kw;
  shown.engine_speed = speed_;
  shown.battery_volt = status() == Status::cranking ? 22.6 : running() ? 28.2 : 27.1;
  shown.charger_volt = running() ? 28.4 : 0;
  shown.coolant_temp = coolant_;
  shown.oil_pressure = oil_pressure_;
  shown.fuel_level = fuel_percent_;
  shown.load_pct = load * 100;
  shown.oil_temp = has_oil_temp_ ? oil_ : not_connected;
  shown.fuel_pressure = not_connected;  // gensets of this size rarely have the sensor
  shown.turbo_pressure = has_turbo_pressure_ ? 165 * load : not_connected;
  shown.fuel_consumption = running() ? consumption_litres_per_hour(load, speed_) : 0;
}

}  // namespace gensetd::simulator
