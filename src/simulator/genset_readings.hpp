#pragma once

#include "simulator/quantity.hpp"

#include <array>

namespace gensetd::simulator {

// The values of a genset controller, with the names and units of the HGM9520N profile. The phase voltages
// gen_ua..uc are for profiles that add them.
struct GensetReadings {
  // mode and alarms
  double mode_auto = 0;
  double mode_manual = 0;
  double mode_stop = 0;
  double mode_test = 0;
  double alarm_common = 0;
  double alarm_shutdown = 0;
  double alarm_warning = 0;
  double alarm_block = 0;
  double alarm_count = 0;
  // breakers
  double mains_normal = 0;
  double mains_load = 0;
  double gen_normal = 0;
  double gen_closed = 0;
  // mains
  double mains_uab = 0;
  double mains_ubc = 0;
  double mains_uca = 0;
  double mains_freq = 0;
  // generator
  double gen_uab = 0;
  double gen_ubc = 0;
  double gen_uca = 0;
  double gen_ua = 0;
  double gen_ub = 0;
  double gen_uc = 0;
  double gen_freq = 0;
  double volt_diff = 0;
  double freq_diff = 0;
  double phase_diff = 0;
  // currents and power
  double current_a = 0;
  double current_b = 0;
  double current_c = 0;
  double current_earth = 0;
  double power_a = 0;
  double power_b = 0;
  double power_c = 0;
  double power_total = 0;
  double reactive_a = 0;
  double reactive_b = 0;
  double reactive_c = 0;
  double reactive_total = 0;
  double pf_a = 0;
  double pf_b = 0;
  double pf_c = 0;
  double pf_avg = 0;
  // engine
  double engine_speed = 0;
  double battery_volt = 0;
  double charger_volt = 0;
  double coolant_temp = 0;
  double oil_pressure = 0;
  double fuel_level = 0;
  double load_pct = 0;
  double oil_temp = 0;
  double fuel_pressure = 0;
  double turbo_pressure = 0;
  double fuel_consumption = 0;
  // status and counters
  double gen_status = 0;
  double run_hours = 0;
  double run_minutes = 0;
  double start_count = 0;
  double energy_kwh = 0;
};

inline constexpr std::array<Quantity<GensetReadings>, 59> genset_quantities{{
    {"mode_auto", &GensetReadings::mode_auto},
    {"mode_manual", &GensetReadings::mode_manual},
    {"mode_stop", &GensetReadings::mode_stop},
    {"mode_test", &GensetReadings::mode_test},
    {"alarm_common", &GensetReadings::alarm_common},
    {"alarm_shutdown", &GensetReadings::alarm_shutdown},
    {"alarm_warning", &GensetReadings::alarm_warning},
    {"alarm_block", &GensetReadings::alarm_block},
    {"alarm_count", &GensetReadings::alarm_count},
    {"mains_normal", &GensetReadings::mains_normal},
    {"mains_load", &GensetReadings::mains_load},
    {"gen_normal", &GensetReadings::gen_normal},
    {"gen_closed", &GensetReadings::gen_closed},
    {"mains_uab", &GensetReadings::mains_uab},
    {"mains_ubc", &GensetReadings::mains_ubc},
    {"mains_uca", &GensetReadings::mains_uca},
    {"mains_freq", &GensetReadings::mains_freq},
    {"gen_uab", &GensetReadings::gen_uab},
    {"gen_ubc", &GensetReadings::gen_ubc},
    {"gen_uca", &GensetReadings::gen_uca},
    {"gen_ua", &GensetReadings::gen_ua},
    {"gen_ub", &GensetReadings::gen_ub},
    {"gen_uc", &GensetReadings::gen_uc},
    {"gen_freq", &GensetReadings::gen_freq},
    {"volt_diff", &GensetReadings::volt_diff},
    {"freq_diff", &GensetReadings::freq_diff},
    {"phase_diff", &GensetReadings::phase_diff},
    {"current_a", &GensetReadings::current_a},
    {"current_b", &GensetReadings::current_b},
    {"current_c", &GensetReadings::current_c},
    {"current_earth", &GensetReadings::current_earth},
    {"power_a", &GensetReadings::power_a},
    {"power_b", &GensetReadings::power_b},
    {"power_c", &GensetReadings::power_c},
    {"power_total", &GensetReadings::power_total},
    {"reactive_a", &GensetReadings::reactive_a},
    {"reactive_b", &GensetReadings::reactive_b},
    {"reactive_c", &GensetReadings::reactive_c},
    {"reactive_total", &GensetReadings::reactive_total},
    {"pf_a", &GensetReadings::pf_a},
    {"pf_b", &GensetReadings::pf_b},
    {"pf_c", &GensetReadings::pf_c},
    {"pf_avg", &GensetReadings::pf_avg},
    {"engine_speed", &GensetReadings::engine_speed},
    {"battery_volt", &GensetReadings::battery_volt},
    {"charger_volt", &GensetReadings::charger_volt},
    {"coolant_temp", &GensetReadings::coolant_temp},
    {"oil_pressure", &GensetReadings::oil_pressure},
    {"fuel_level", &GensetReadings::fuel_level},
    {"load_pct", &GensetReadings::load_pct},
    {"oil_temp", &GensetReadings::oil_temp},
    {"fuel_pressure", &GensetReadings::fuel_pressure},
    {"turbo_pressure", &GensetReadings::turbo_pressure},
    {"fuel_consumption", &GensetReadings::fuel_consumption},
    {"gen_status", &GensetReadings::gen_status},
    {"run_hours", &GensetReadings::run_hours},
    {"run_minutes", &GensetReadings::run_minutes},
    {"start_count", &GensetReadings::start_count},
    {"energy_kwh", &GensetReadings::energy_kwh},
}};

}  // namespace gensetd::simulator
