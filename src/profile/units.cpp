#include "profile/units.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace gensetd::profile {

std::optional<Text> unit_label(std::string_view unit) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 18> russian{{
      {"V", "В"},
      {"kV", "кВ"},
      {"A", "А"},
      {"Hz", "Гц"},
      {"kW", "кВт"},
      {"kvar", "квар"},
      {"kVA", "кВ·А"},
      {"kWh", "кВт·ч"},
      {"kvarh", "квар·ч"},
      {"rpm", "об/мин"},
      {"kPa", "кПа"},
      {"bar", "бар"},
      {"L/h", "л/ч"},
      {"h", "ч"},
      {"min", "мин"},
      {"%", "%"},
      {"°", "°"},
      {"°C", "°C"},
  }};
  const auto found = std::ranges::find(russian, unit, [](const auto& entry) { return entry.first; });
  if (found == russian.end()) return std::nullopt;
  return Text{std::string{found->first}, std::string{found->second}};
}

}  // namespace gensetd::profile
