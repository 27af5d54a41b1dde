#pragma once

#include "simulator/quantity.hpp"

#include <array>

namespace gensetd::simulator {

// The values of a switchboard controller, with the names and units of the HGM9560 profile.
struct SwitchboardReadings {
  // mode and alarms
  double mode_test = 0;
  double mode_auto = 0;
  double mode_manual = 0;
  double mode_stop = 0;
  double alarm_common = 0;
  double alarm_shutdown = 0;
  double alarm_warning = 0;
  double alarm_trip_stop = 0;
  // status
  double genset_status = 0;
  double busbar_switch = 0;
  double mains_status = 0;
  double mains_switch = 0;
  double battery_v = 0;
  // mains
  double mains_uab = 0;
  double mains_ubc = 0;
  double mains_uca = 0;
  double mains_ua = 0;
  double mains_ub = 0;
  double mains_uc = 0;
  double mains_freq = 0;
  double mains_ia = 0;
  double mains_ib = 0;
  double mains_ic = 0;
  double mains_total_p = 0;
  double mains_total_q = 0;
  // busbar
  double busbar_uab = 0;
  double busbar_ubc = 0;
  double busbar_uca = 0;
  double busbar_ua = 0;
  double busbar_ub = 0;
  double busbar_uc = 0;
  double busbar_freq = 0;
  double busbar_current = 0;
  double busbar_p = 0;
  double busbar_q = 0;
  // counters
  double accum_kwh = 0;
  double accum_kvarh = 0;
  double maint_hours = 0;
};

inline constexpr std::array<Quantity<SwitchboardReadings>, 38> switchboard_quantities{{
    {"mode_test", &SwitchboardReadings::mode_test},
    {"mode_auto", &SwitchboardReadings::mode_auto},
    {"mode_manual", &SwitchboardReadings::mode_manual},
    {"mode_stop", &SwitchboardReadings::mode_stop},
    {"alarm_common", &SwitchboardReadings::alarm_common},
    {"alarm_shutdown", &SwitchboardReadings::alarm_shutdown},
    {"alarm_warning", &SwitchboardReadings::alarm_warning},
    {"alarm_trip_stop", &SwitchboardReadings::alarm_trip_stop},
    {"genset_status", &SwitchboardReadings::genset_status},
    {"busbar_switch", &SwitchboardReadings::busbar_switch},
    {"mains_status", &SwitchboardReadings::mains_status},
    {"mains_switch", &SwitchboardReadings::mains_switch},
    {"battery_v", &SwitchboardReadings::battery_v},
    {"mains_uab", &SwitchboardReadings::mains_uab},
    {"mains_ubc", &SwitchboardReadings::mains_ubc},
    {"mains_uca", &SwitchboardReadings::mains_uca},
    {"mains_ua", &SwitchboardReadings::mains_ua},
    {"mains_ub", &SwitchboardReadings::mains_ub},
    {"mains_uc", &SwitchboardReadings::mains_uc},
    {"mains_freq", &SwitchboardReadings::mains_freq},
    {"mains_ia", &SwitchboardReadings::mains_ia},
    {"mains_ib", &SwitchboardReadings::mains_ib},
    {"mains_ic", &SwitchboardReadings::mains_ic},
    {"mains_total_p", &SwitchboardReadings::mains_total_p},
    {"mains_total_q", &SwitchboardReadings::mains_total_q},
    {"busbar_uab", &SwitchboardReadings::busbar_uab},
    {"busbar_ubc", &SwitchboardReadings::busbar_ubc},
    {"busbar_uca", &SwitchboardReadings::busbar_uca},
    {"busbar_ua", &SwitchboardReadings::busbar_ua},
    {"busbar_ub", &SwitchboardReadings::busbar_ub},
    {"busbar_uc", &SwitchboardReadings::busbar_uc},
    {"busbar_freq", &SwitchboardReadings::busbar_freq},
    {"busbar_current", &SwitchboardReadings::busbar_current},
    {"busbar_p", &SwitchboardReadings::busbar_p},
    {"busbar_q", &SwitchboardReadings::busbar_q},
    {"accum_kwh", &SwitchboardReadings::accum_kwh},
    {"accum_kvarh", &SwitchboardReadings::accum_kvarh},
    {"maint_hours", &SwitchboardReadings::maint_hours},
}};

}  // namespace gensetd::simulator
