#pragma once

#include "profile/role.hpp"
#include "profile/value.hpp"
#include "profile/words.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

namespace gensetd::profile {

enum class RoleKind : std::uint8_t { bit, code, number };

// Which words the codes of a role may mean.
enum class Meanings : std::uint8_t { none, engine, breaker, mains, mode };

// Whether a field with the role is part of the overview (stream/overview.hpp).
enum class Overview : std::uint8_t { never, always, of_generators };

struct RoleRow {
  std::string_view name;
  RoleKind kind = RoleKind::number;
  std::string_view unit;  // empty: none
  std::string_view en;
  std::string_view ru;
  Overview overview = Overview::never;
  Meanings meanings = Meanings::none;
};

// All roles. Power of the genset is positive when it is generated, power of the mains when it is imported.
inline constexpr auto roles = std::to_array<RoleRow>({
    {"mode.auto", RoleKind::bit, "", "Automatic mode", "Автоматический режим", Overview::always},
    {"mode.manual", RoleKind::bit, "", "Manual mode", "Ручной режим", Overview::always},
    {"mode.stop", RoleKind::bit, "", "Stop mode", "Режим «Стоп»", Overview::always},
    {"mode.test", RoleKind::bit, "", "Test mode", "Режим «Тест»", Overview::always},
    {"mode", RoleKind::code, "", "Mode", "Режим", Overview::always, Meanings::mode},
    {"engine.state", RoleKind::code, "", "Engine state", "Состояние двигателя", Overview::always,
     Meanings::engine},
    {"engine.speed", RoleKind::number, "rpm", "Engine speed", "Частота вращения двигателя", Overview::always},
    {"engine.load", RoleKind::number, "%", "Engine load", "Нагрузка двигателя", Overview::always},
    {"engine.run_time.hours", RoleKind::number, "h", "Running hours", "Наработка, часы"},
    {"engine.run_time.minutes", RoleKind::number, "min", "Running minutes", "Наработка, минуты"},
    {"engine.starts", RoleKind::number, "", "Starts", "Число пусков"},
    {"engine.coolant.temperature", RoleKind::number, "°C", "Coolant temperature",
     "Температура охлаждающей жидкости", Overview::always},
    {"engine.oil.temperature", RoleKind::number, "°C", "Oil temperature", "Температура масла"},
    {"engine.oil.pressure", RoleKind::number, "kPa", "Oil pressure", "Давление масла", Overview::always},
    {"engine.boost.pressure", RoleKind::number, "kPa", "Boost pressure", "Давление наддува"},
    {"fuel.level", RoleKind::number, "%", "Fuel level", "Уровень топлива", Overview::always},
    {"fuel.rate", RoleKind::number, "L/h", "Fuel consumption", "Расход топлива"},
    {"fuel.total", RoleKind::number, "L", "Fuel consumed", "Израсходованное топливо"},
    {"fuel.pressure", RoleKind::number, "kPa", "Fuel pressure", "Давление топлива"},
    {"battery.voltage", RoleKind::number, "V", "Battery voltage", "Напряжение аккумуляторной батареи",
     Overview::of_generators},
    {"charger.voltage", RoleKind::number, "V", "Charger voltage", "Напряжение зарядного генератора"},
    {"generator.voltage.ab", RoleKind::number, "V", "Generator voltage AB", "Напряжение генератора AB",
     Overview::always},
    {"generator.voltage.bc", RoleKind::number, "V", "Generator voltage BC", "Напряжение генератора BC"},
    {"generator.voltage.ca", RoleKind::number, "V", "Generator voltage CA", "Напряжение генератора CA"},
    {"generator.voltage.a", RoleKind::number, "V", "Generator voltage A", "Напряжение генератора, фаза A"},
    {"generator.voltage.b", RoleKind::number, "V", "Generator voltage B", "Напряжение генератора, фаза B"},
    {"generator.voltage.c", RoleKind::number, "V", "Generator voltage C", "Напряжение генератора, фаза C"},
    {"generator.current.a", RoleKind::number, "A", "Generator current A", "Ток генератора, фаза A"},
    {"generator.current.b", RoleKind::number, "A", "Generator current B", "Ток генератора, фаза B"},
    {"generator.current.c", RoleKind::number, "A", "Generator current C", "Ток генератора, фаза C"},
    {"generator.current.earth", RoleKind::number, "A", "Earth current", "Ток на землю"},
    {"generator.frequency", RoleKind::number, "Hz", "Generator frequency", "Частота генератора",
     Overview::always},
    {"power.active.total", RoleKind::number, "kW", "Active power, total", "Активная мощность, всего",
     Overview::always},
    {"power.active.a", RoleKind::number, "kW", "Active power A", "Активная мощность фазы A"},
    {"power.active.b", RoleKind::number, "kW", "Active power B", "Активная мощность фазы B"},
    {"power.active.c", RoleKind::number, "kW", "Active power C", "Активная мощность фазы C"},
    {"power.reactive.total", RoleKind::number, "kvar", "Reactive power, total", "Реактивная мощность, всего"},
    {"power.reactive.a", RoleKind::number, "kvar", "Reactive power A", "Реактивная мощность фазы A"},
    {"power.reactive.b", RoleKind::number, "kvar", "Reactive power B", "Реактивная мощность фазы B"},
    {"power.reactive.c", RoleKind::number, "kvar", "Reactive power C", "Реактивная мощность фазы C"},
    {"power.factor", RoleKind::number, "", "Power factor", "Коэффициент мощности"},
    {"power.factor.a", RoleKind::number, "", "Power factor A", "Коэффициент мощности фазы A"},
    {"power.factor.b", RoleKind::number, "", "Power factor B", "Коэффициент мощности фазы B"},
    {"power.factor.c", RoleKind::number, "", "Power factor C", "Коэффициент мощности фазы C"},
    {"mains.voltage.ab", RoleKind::number, "V", "Mains voltage AB", "Напряжение сети AB", Overview::always},
    {"mains.voltage.bc", RoleKind::number, "V", "Mains voltage BC", "Напряжение сети BC"},
    {"mains.voltage.ca", RoleKind::number, "V", "Mains voltage CA", "Напряжение сети CA"},
    {"mains.voltage.a", RoleKind::number, "V", "Mains voltage A", "Напряжение сети, фаза A"},
    {"mains.voltage.b", RoleKind::number, "V", "Mains voltage B", "Напряжение сети, фаза B"},
    {"mains.voltage.c", RoleKind::number, "V", "Mains voltage C", "Напряжение сети, фаза C"},
    {"mains.current", RoleKind::number, "A", "Mains current", "Ток сети"},
    {"mains.current.a", RoleKind::number, "A", "Mains current A", "Ток сети, фаза A"},
    {"mains.current.b", RoleKind::number, "A", "Mains current B", "Ток сети, фаза B"},
    {"mains.current.c", RoleKind::number, "A", "Mains current C", "Ток сети, фаза C"},
    {"mains.frequency", RoleKind::number, "Hz", "Mains frequency", "Частота сети", Overview::always},
    {"mains.power.active.total", RoleKind::number, "kW", "Mains active power, total",
     "Активная мощность сети, всего", Overview::always},
    {"mains.power.reactive.total", RoleKind::number, "kvar", "Mains reactive power, total",
     "Реактивная мощность сети, всего"},
    {"busbar.voltage.ab", RoleKind::number, "V", "Busbar voltage AB", "Напряжение шины AB", Overview::always},
    {"busbar.voltage.bc", RoleKind::number, "V", "Busbar voltage BC", "Напряжение шины BC"},
    {"busbar.voltage.ca", RoleKind::number, "V", "Busbar voltage CA", "Напряжение шины CA"},
    {"busbar.voltage.a", RoleKind::number, "V", "Busbar voltage A", "Напряжение шины, фаза A"},
    {"busbar.voltage.b", RoleKind::number, "V", "Busbar voltage B", "Напряжение шины, фаза B"},
    {"busbar.voltage.c", RoleKind::number, "V", "Busbar voltage C", "Напряжение шины, фаза C"},
    {"busbar.current", RoleKind::number, "A", "Busbar current", "Ток шины"},
    {"busbar.current.a", RoleKind::number, "A", "Busbar current A", "Ток шины, фаза A"},
    {"busbar.current.b", RoleKind::number, "A", "Busbar current B", "Ток шины, фаза B"},
    {"busbar.current.c", RoleKind::number, "A", "Busbar current C", "Ток шины, фаза C"},
    {"busbar.frequency", RoleKind::number, "Hz", "Busbar frequency", "Частота шины", Overview::always},
    {"busbar.power.active.total", RoleKind::number, "kW", "Busbar active power, total",
     "Активная мощность шины, всего", Overview::always},
    {"busbar.power.reactive.total", RoleKind::number, "kvar", "Busbar reactive power, total",
     "Реактивная мощность шины, всего"},
    {"breaker.generator.closed", RoleKind::bit, "", "Generator breaker closed",
     "Выключатель генератора включён", Overview::always},
    {"breaker.mains.closed", RoleKind::bit, "", "Mains breaker closed", "Выключатель сети включён",
     Overview::always},
    {"breaker.busbar.closed", RoleKind::bit, "", "Busbar breaker closed", "Выключатель шины включён",
     Overview::always},
    {"breaker.generator.state", RoleKind::code, "", "Generator breaker", "Выключатель генератора",
     Overview::always, Meanings::breaker},
    {"breaker.mains.state", RoleKind::code, "", "Mains breaker", "Выключатель сети", Overview::always,
     Meanings::breaker},
    {"breaker.busbar.state", RoleKind::code, "", "Busbar breaker", "Выключатель шины", Overview::always,
     Meanings::breaker},
    {"generator.normal", RoleKind::bit, "", "Generator normal", "Генератор в норме", Overview::always},
    {"mains.normal", RoleKind::bit, "", "Mains normal", "Сеть в норме", Overview::always},
    {"mains.state", RoleKind::code, "", "Mains state", "Состояние сети", Overview::always, Meanings::mains},
    {"energy.active.generated", RoleKind::number, "kWh", "Energy produced", "Выработанная энергия"},
    {"energy.active.imported", RoleKind::number, "kWh", "Energy imported", "Потреблённая энергия"},
    {"energy.active.exported", RoleKind::number, "kWh", "Energy exported", "Отданная энергия"},
    {"energy.reactive", RoleKind::number, "kvarh", "Reactive energy", "Реактивная энергия"},
    {"service.hours_left", RoleKind::number, "h", "Hours to maintenance", "Часов до ТО"},
    {"alarm.common", RoleKind::bit, "", "Common alarm", "Общая авария", Overview::always},
    {"alarm.count", RoleKind::number, "", "Active alarms", "Количество аварий", Overview::always},
    {"alarm.class.shutdown", RoleKind::bit, "", "Shutdown alarm", "Аварийный останов", Overview::always},
    {"alarm.class.trip_stop", RoleKind::bit, "", "Trip and stop alarm", "Отключение нагрузки и останов",
     Overview::always},
    {"alarm.class.trip", RoleKind::bit, "", "Trip alarm", "Отключение нагрузки", Overview::always},
    {"alarm.class.safety_trip_stop", RoleKind::bit, "", "Safety trip and stop alarm",
     "Защитное отключение нагрузки и останов", Overview::always},
    {"alarm.class.safety_trip", RoleKind::bit, "", "Safety trip alarm", "Защитное отключение нагрузки",
     Overview::always},
    {"alarm.class.block", RoleKind::bit, "", "Block alarm", "Блокировка", Overview::always},
    {"alarm.class.mains_trip", RoleKind::bit, "", "Mains trip alarm", "Отключение сети", Overview::always},
    {"alarm.class.warning", RoleKind::bit, "", "Warning", "Предупреждение", Overview::always},
    {"sync.voltage_difference", RoleKind::number, "V", "Voltage difference", "Разность напряжений"},
    {"sync.frequency_difference", RoleKind::number, "Hz", "Frequency difference", "Разность частот"},
    {"sync.phase_difference", RoleKind::number, "°", "Phase difference", "Разность фаз"},
});

constexpr const RoleRow& row_of(Role role) { return roles[static_cast<std::size_t>(role)]; }

constexpr std::optional<Role> find_role(std::string_view name) {
  for (std::size_t index = 0; index < roles.size(); ++index) {
    if (roles[index].name == name) return static_cast<Role>(index);
  }
  return std::nullopt;
}

// The role of a name in the source text: does not compile if there is no such role.
consteval Role named_role(std::string_view name) { return find_role(name).value(); }

inline constexpr WordTable<RoleKind, 3> role_kind_words{
    {{"bit", RoleKind::bit}, {"code", RoleKind::code}, {"number", RoleKind::number}}};

// The words of each Meanings stand together.
inline constexpr WordTable<Meaning, 17> meaning_words{{{"stopped", Meaning::stopped},
                                                       {"starting", Meaning::starting},
                                                       {"running", Meaning::running},
                                                       {"stopping", Meaning::stopping},
                                                       {"fault", Meaning::fault},
                                                       {"open", Meaning::open},
                                                       {"closing", Meaning::closing},
                                                       {"closed", Meaning::closed},
                                                       {"opening", Meaning::opening},
                                                       {"normal", Meaning::normal},
                                                       {"normal_delay", Meaning::normal_delay},
                                                       {"abnormal", Meaning::abnormal},
                                                       {"abnormal_delay", Meaning::abnormal_delay},
                                                       {"auto", Meaning::automatic},
                                                       {"manual", Meaning::manual},
                                                       {"stop", Meaning::stop},
                                                       {"test", Meaning::test}}};

// The part of meaning_words that the codes of the role may mean; empty for bits and numbers.
std::span<const std::pair<std::string_view, Meaning>> meanings_of(Role role);

std::string_view to_word(RoleKind kind);
std::string_view to_word(Meaning meaning);

// The index of the field with the role.
std::optional<std::size_t> index_of(const Profile& profile, Role role);

// The entry of the field's code table for a value. Null: the table has none, or the field has no table.
const Code* find_code(const Profile& profile, const Field& field, std::int64_t value);

// What a value of the field means; unknown for a value without data and a code without `means`.
std::optional<Meaning> meaning_of(const Profile& profile, const Field& field, const Value& value);

}  // namespace gensetd::profile
