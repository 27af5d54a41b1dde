#pragma once

#include "simulator/mains.hpp"
#include "simulator/sequence.hpp"
#include "simulator/switch.hpp"
#include "simulator/switchboard_readings.hpp"
#include "simulator/three_phase.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

namespace gensetd::simulator {

// The specification's MAINS_STATUS.
enum class MainsStatus : std::uint8_t { normal = 0, normal_delay = 1, abnormal = 2, abnormal_delay = 3 };

// The sums of a site's gensets in one step.
struct GensetTotals {
  bool any_closed = false;
  double power_kw = 0;
  double reactive_kvar = 0;
  Status status = Status::standby;  // of the genset closest to running
  bool any_turning = false;
};

struct Busbar {
  bool live = false;
  Phases voltages{};
  double frequency = 0;
};

// Mains and busbar of a site: mains - mains switch - load - busbar switch - busbar - gensets. The mains
// switch is open while the mains are abnormal, the busbar switch while no genset is on the busbar.
class Switchboard {
 public:
  Switchboard(std::uint64_t seed, bool gensets_run_already);

  struct Demand {
    double power_kw = 0;
    double reactive_kvar = 0;
  };
  void step(const Mains& mains, const Busbar& busbar, const GensetTotals& gensets, const Demand& demand);
  SwitchboardReadings readings() const;
  // The alarms and indications that are on, as group and code of the alarm points of a profile.
  std::vector<std::string_view> alarms() const;

  bool mains_normal() const { return mains_status_ == MainsStatus::normal; }
  bool mains_connected() const { return mains_switch_.conducts(); }
  bool busbar_connected() const { return busbar_switch_.conducts(); }

 private:
  void update_mains_status(bool present);

  Random random_;
  MainsStatus mains_status_ = MainsStatus::normal;
  double mains_delay_seconds_ = 0;
  Switch mains_switch_{true};
  Switch busbar_switch_;
  Phases mains_voltages_{};
  double mains_frequency_ = 0;
  Busbar busbar_;
  GensetTotals gensets_;
  Demand from_mains_;
  double energy_kwh_;
  double energy_kvarh_;
  double maintenance_seconds_;  // until the next maintenance
};

}  // namespace gensetd::simulator
