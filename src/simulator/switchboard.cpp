#include "simulator/switchboard.hpp"

#include "simulator/plant_time.hpp"

#include <cmath>

namespace gensetd::simulator {
namespace {

constexpr double abnormal_delay_seconds = 1;
constexpr double normal_delay_seconds = 10;
constexpr double maintenance_interval_seconds = 500 * 3'600;

double three_phase_current(double kw, double kvar, const Phases& voltages) {
  const double volts = mean(voltages);
  return volts > 50 ? std::hypot(kw, kvar) * 1'000 / (3 * volts) : 0;
}

// The HGM9560 has no status 'post_stop': its code 14 means 'stop failure'.
Status as_hgm9560(Status status) { return status == Status::post_stop ? Status::wait_stop : status; }

}  // namespace

Switchboard::Switchboard(std::uint64_t seed, bool gensets_run_already)
    : random_(seed),
      busbar_switch_(gensets_run_already),
      energy_kwh_(random_.between(200'000, 900'000)),
      energy_kvarh_(energy_kwh_ * 0.4),
      maintenance_seconds_(random_.between(20, 480) * 3'600) {}

void Switchboard::step(const Mains& mains, const Busbar& busbar, const GensetTotals& gensets,
                       const Demand& demand) {
  update_mains_status(mains.present());
  mains_voltages_ = mains.phase_voltages();
  mains_frequency_ = mains.frequency();
  busbar_ = busbar;
  gensets_ = gensets;
  mains_switch_.step({.close_requested = mains_normal(),
                      .both_sides_live = busbar_connected() && gensets.any_closed,
                      .loaded = false},
                     random_);
  busbar_switch_.step({.close_requested = gensets.any_closed,
                       .both_sides_live = mains_connected() && mains.present(),
                       .loaded = gensets.power_kw > 1},
                      random_);
  const bool feeds = mains_connected() && mains.present();
  from_mains_ = feeds ? Demand{.power_kw = demand.power_kw - gensets.power_kw,
                               .reactive_kvar = demand.reactive_kvar - gensets.reactive_kvar}
                      : Demand{};
  energy_kwh_ += gensets.power_kw * step_seconds / 3'600;
  energy_kvarh_ += gensets.reactive_kvar * step_seconds / 3'600;
  if (gensets.any_turning) maintenance_seconds_ -= step_seconds;
  if (maintenance_seconds_ <= 0) maintenance_seconds_ = maintenance_interval_seconds;
}

// A change of the mains takes effect after a delay: short when they fail, longer when they return.
void Switchboard::update_mains_status(bool present) {
  mains_delay_seconds_ -= step_seconds;
  const bool over = mains_delay_seconds_ <= 0;
  const auto enter = [this](MainsStatus status, double seconds) {
    mains_status_ = status;
    mains_delay_seconds_ = seconds;
  };
  switch (mains_status_) {
    case MainsStatus::normal:
      if (!present) enter(MainsStatus::abnormal_delay, abnormal_delay_seconds);
      return;
    case MainsStatus::abnormal_delay:
      if (present) return enter(MainsStatus::normal, 0);
      if (over) enter(MainsStatus::abnormal, 0);
      return;
    case MainsStatus::abnormal:
      if (present) enter(MainsStatus::normal_delay, normal_delay_seconds);
      return;
    case MainsStatus::normal_delay:
      if (!present) return enter(MainsStatus::abnormal, 0);
      if (over) enter(MainsStatus::normal, 0);
      return;
  }
}

std::vector<std::string_view> Switchboard::alarms() const {
  if (mains_normal()) return {};
  std::vector<std::string_view> codes{"indication.mains_abnormal"};
  if (mean(mains_voltages_) < 1) codes.emplace_back("indication.mains_blackout");
  return codes;
}

SwitchboardReadings Switchboard::readings() const {
  SwitchboardReadings shown;
  shown.mode_auto = 1;
  shown.alarm_common = shown.alarm_warning = !mains_normal();
  shown.genset_status = static_cast<double>(as_hgm9560(gensets_.status));
  shown.busbar_switch = static_cast<double>(busbar_switch_.status());
  shown.mains_status = static_cast<double>(mains_status_);
  shown.mains_switch = static_cast<double>(mains_switch_.status());
  shown.battery_v = 27.2;

  const Phases mains = line_voltages(mains_voltages_);
  shown.mains_uab = mains[0], shown.mains_ubc = mains[1], shown.mains_uca = mains[2];
  shown.mains_ua = mains_voltages_[0], shown.mains_ub = mains_voltages_[1],
  shown.mains_uc = mains_voltages_[2];
  shown.mains_freq = mains_frequency_;
  const double mains_current =
      three_phase_current(from_mains_.power_kw, from_mains_.reactive_kvar, mains_voltages_);
  shown.mains_ia = mains_current * 1.01, shown.mains_ib = mains_current,
  shown.mains_ic = mains_current * 0.99;
  shown.mains_total_p = from_mains_.power_kw;
  shown.mains_total_q = from_mains_.reactive_kvar;

  const Phases busbar = line_voltages(busbar_.voltages);
  shown.busbar_uab = busbar[0], shown.busbar_ubc = busbar[1], shown.busbar_uca = busbar[2];
  shown.busbar_ua = busbar_.voltages[0], shown.busbar_ub = busbar_.voltages[1],
  shown.busbar_uc = busbar_.voltages[2];
  shown.busbar_freq = busbar_.frequency;
  shown.busbar_current = three_phase_current(gensets_.power_kw, gensets_.reactive_kvar, busbar_.voltages);
  shown.busbar_p = gensets_.power_kw;
  shown.busbar_q = gensets_.reactive_kvar;

  shown.accum_kwh = energy_kwh_;
  shown.accum_kvarh = energy_kvarh_;
  shown.maint_hours = std::ceil(maintenance_seconds_ / 3'600);
  return shown;
}

}  // namespace gensetd::simulator
