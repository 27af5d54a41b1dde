#include "profile/legacy_roles.hpp"

#include "profile/role_rules.hpp"
#include "profile/roles.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace gensetd::profile {
namespace {

struct LegacyName {
  std::string_view name;
  Role role;
};

constexpr auto names = std::to_array<LegacyName>({
    {"mode_auto", named_role("mode.auto")},
    {"mode_manual", named_role("mode.manual")},
    {"mode_stop", named_role("mode.stop")},
    {"mode_test", named_role("mode.test")},
    {"alarm_common", named_role("alarm.common")},
    {"alarm_shutdown", named_role("alarm.class.shutdown")},
    {"alarm_trip_stop", named_role("alarm.class.trip_stop")},
    {"alarm_block", named_role("alarm.class.block")},
    {"alarm_warning", named_role("alarm.class.warning")},
    {"alarm_count", named_role("alarm.count")},
    {"gen_status", named_role("engine.state")},
    {"genset_status", named_role("engine.state")},
    {"mains_status", named_role("mains.state")},
    {"mains_switch", named_role("breaker.mains.state")},
    {"busbar_switch", named_role("breaker.busbar.state")},
    {"gen_closed", named_role("breaker.generator.closed")},
    {"mains_load", named_role("breaker.mains.closed")},
    {"gen_normal", named_role("generator.normal")},
    {"mains_normal", named_role("mains.normal")},
    {"gen_uab", named_role("generator.voltage.ab")},
    {"gen_ubc", named_role("generator.voltage.bc")},
    {"gen_uca", named_role("generator.voltage.ca")},
    {"gen_freq", named_role("generator.frequency")},
    {"current_a", named_role("generator.current.a")},
    {"current_b", named_role("generator.current.b")},
    {"current_c", named_role("generator.current.c")},
    {"current_earth", named_role("generator.current.earth")},
    {"power_total", named_role("power.active.total")},
    {"power_a", named_role("power.active.a")},
    {"power_b", named_role("power.active.b")},
    {"power_c", named_role("power.active.c")},
    {"reactive_total", named_role("power.reactive.total")},
    {"reactive_a", named_role("power.reactive.a")},
    {"reactive_b", named_role("power.reactive.b")},
    {"reactive_c", named_role("power.reactive.c")},
    {"pf_avg", named_role("power.factor")},
    {"pf_a", named_role("power.factor.a")},
    {"pf_b", named_role("power.factor.b")},
    {"pf_c", named_role("power.factor.c")},
    {"volt_diff", named_role("sync.voltage_difference")},
    {"freq_diff", named_role("sync.frequency_difference")},
    {"phase_diff", named_role("sync.phase_difference")},
    {"engine_speed", named_role("engine.speed")},
    {"load_pct", named_role("engine.load")},
    {"coolant_temp", named_role("engine.coolant.temperature")},
    {"oil_temp", named_role("engine.oil.temperature")},
    {"oil_pressure", named_role("engine.oil.pressure")},
    {"turbo_pressure", named_role("engine.boost.pressure")},
    {"fuel_level", named_role("fuel.level")},
    {"fuel_pressure", named_role("fuel.pressure")},
    {"fuel_consumption", named_role("fuel.rate")},
    {"battery_volt", named_role("battery.voltage")},
    {"battery_v", named_role("battery.voltage")},
    {"charger_volt", named_role("charger.voltage")},
    {"run_hours", named_role("engine.run_time.hours")},
    {"run_minutes", named_role("engine.run_time.minutes")},
    {"start_count", named_role("engine.starts")},
    {"energy_kwh", named_role("energy.active.generated")},
    {"accum_kvarh", named_role("energy.reactive")},
    {"maint_hours", named_role("service.hours_left")},
    {"mains_uab", named_role("mains.voltage.ab")},
    {"mains_ubc", named_role("mains.voltage.bc")},
    {"mains_uca", named_role("mains.voltage.ca")},
    {"mains_ua", named_role("mains.voltage.a")},
    {"mains_ub", named_role("mains.voltage.b")},
    {"mains_uc", named_role("mains.voltage.c")},
    {"mains_freq", named_role("mains.frequency")},
    {"mains_ia", named_role("mains.current.a")},
    {"mains_ib", named_role("mains.current.b")},
    {"mains_ic", named_role("mains.current.c")},
    {"mains_total_p", named_role("mains.power.active.total")},
    {"mains_total_q", named_role("mains.power.reactive.total")},
    {"busbar_uab", named_role("busbar.voltage.ab")},
    {"busbar_ubc", named_role("busbar.voltage.bc")},
    {"busbar_uca", named_role("busbar.voltage.ca")},
    {"busbar_ua", named_role("busbar.voltage.a")},
    {"busbar_ub", named_role("busbar.voltage.b")},
    {"busbar_uc", named_role("busbar.voltage.c")},
    {"busbar_freq", named_role("busbar.frequency")},
    {"busbar_current", named_role("busbar.current")},
    {"busbar_p", named_role("busbar.power.active.total")},
    {"busbar_q", named_role("busbar.power.reactive.total")},
});

// A status without texts was known by its name too, and is shown as `code 9`.
bool fits_as_before(const Field& field, Role role) {
  if (row_of(role).kind != RoleKind::code) return fits(field, role);
  return field.type != Type::bit && field.unit.empty();
}

// The overview contained fields by name alone, and battery_volt but not battery_v.
bool was_in_overview(std::string_view name) {
  const auto role = legacy_role(name);
  return name.starts_with("mode_") || name.starts_with("alarm_") ||
         (role && row_of(*role).overview != Overview::never && name != "battery_v");
}

// Codes of SmartGen controllers. Those above 13 differ between models, and so are known by their keys.
std::optional<Meaning> engine_meaning(const Code& code) {
  if (code.key == "post_stop") return Meaning::stopped;
  if (code.key == "stop_failure") return Meaning::fault;
  if (code.value == 0) return Meaning::stopped;
  if (code.value >= 1 && code.value <= 4) return Meaning::starting;
  if (code.value >= 5 && code.value <= 11) return Meaning::running;
  if (code.value == 12 || code.value == 13) return Meaning::stopping;
  return std::nullopt;
}

std::optional<Meaning> breaker_meaning(const Code& code) {
  constexpr std::array meanings{Meaning::closing, Meaning::closing, Meaning::closing, Meaning::closed,
                                Meaning::opening, Meaning::opening, Meaning::opening, Meaning::open};
  if (code.value < 0 || code.value >= static_cast<std::int64_t>(meanings.size())) return std::nullopt;
  return meanings[static_cast<std::size_t>(code.value)];
}

std::optional<Meaning> mains_meaning(const Code& code) {
  constexpr std::array meanings{Meaning::normal, Meaning::normal_delay, Meaning::abnormal,
                                Meaning::abnormal_delay};
  if (code.value < 0 || code.value >= static_cast<std::int64_t>(meanings.size())) return std::nullopt;
  return meanings[static_cast<std::size_t>(code.value)];
}

void set_meanings(Profile& profile, const Field& field) {
  const auto table = std::ranges::find(profile.code_tables, field.codes, &CodeTable::name);
  if (table == profile.code_tables.end()) return;
  for (Code& code : table->codes) {
    if (!code.means) code.means = legacy_meaning(*field.role, code);
  }
}

}  // namespace

std::optional<Role> legacy_role(std::string_view name) {
  const auto* found = std::ranges::find(names, name, &LegacyName::name);
  return found == names.end() ? std::nullopt : std::optional{found->role};
}

std::optional<Meaning> legacy_meaning(Role role, const Code& code) {
  const Meanings meanings = row_of(role).meanings;
  if (meanings == Meanings::engine) return engine_meaning(code);
  if (meanings == Meanings::breaker) return breaker_meaning(code);
  return meanings == Meanings::mains ? mains_meaning(code) : std::nullopt;
}

void set_legacy_roles(Profile& profile) {
  for (CodeTable& table : profile.code_tables) {
    for (Code& code : table.codes) code.means.reset();
  }
  for (Field& field : profile.fields) field.role.reset();
  for (Field& field : profile.fields) {
    field.is_in_overview = was_in_overview(field.name);
    const auto role = legacy_role(field.name);
    if (!role || !fits_as_before(field, *role) || index_of(profile, *role)) continue;
    field.role = role;
    set_meanings(profile, field);
  }
}

void complete_legacy_roles(Profile& profile) {
  for (Field& field : profile.fields) {
    if (field.role && !fits_as_before(field, *field.role)) field.role.reset();
  }
  for (Field& field : profile.fields) {
    if (field.role) continue;
    field.is_in_overview = field.is_in_overview || was_in_overview(field.name);
    const auto role = legacy_role(field.name);
    if (!role || !fits_as_before(field, *role) || index_of(profile, *role)) continue;
    field.role = role;
    set_meanings(profile, field);
  }
}

}  // namespace gensetd::profile
