#include "profile/units.hpp"

#include <algorithm>
#include <array>

namespace gensetd::profile {
namespace {

constexpr std::array<Unit, 19> units{{
    {"V", "В", {"volts", 1, 1, "volts"}},
    {"kV", "кВ", {}},
    {"A", "А", {"amperes", 1, 1, "amperes"}},
    {"Hz", "Гц", {"hertz", 1, 1, "hertz"}},
    {"kW", "кВт", {"watts", 1'000, 1, "watts"}},
    {"kvar", "квар", {"vars", 1'000, 1, "volt-amperes reactive"}},
    {"kVA", "кВ·А", {}},
    {"kWh", "кВт·ч", {"joules", 3'600'000, 1, "joules"}},
    {"kvarh", "квар·ч", {"var_seconds", 3'600'000, 1, "volt-ampere seconds reactive"}},
    {"rpm", "об/мин", {"revolutions_per_minute", 1, 1, "revolutions a minute"}},
    {"kPa", "кПа", {"pascals", 1'000, 1, "pascals"}},
    {"bar", "бар", {}},
    {"L", "л", {"liters", 1, 1, "litres"}},
    {"L/h", "л/ч", {"liters_per_hour", 1, 1, "litres an hour"}},
    {"h", "ч", {"seconds", 3'600, 1, "seconds"}},
    {"min", "мин", {"seconds", 60, 1, "seconds"}},
    {"%", "%", {"ratio", 1, 100, "1 is 100 %"}},
    {"°", "°", {"degrees", 1, 1, "degrees"}},
    {"°C", "°C", {"celsius", 1, 1, "degrees Celsius"}},
}};

}  // namespace

const Unit* find_unit(std::string_view symbol) {
  const auto found = std::ranges::find(units, symbol, &Unit::symbol);
  return found == units.end() ? nullptr : &*found;
}

std::span<const Unit> known_units() { return units; }

}  // namespace gensetd::profile
