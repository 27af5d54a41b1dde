#include "profile/alarm_points.hpp"

#include <fmt/format.h>

#include <bit>

namespace gensetd::profile {
namespace {

Text bits_of(const AlarmPoint& point) {
  const int first = std::countr_zero(point.mask);
  const int last = 15 - std::countl_zero(point.mask);
  if (point.value)
    return {fmt::format("register {}, bits {}..{} = {}", point.word.address, first, last, *point.value),
            fmt::format("регистр {}, биты {}..{} = {}", point.word.address, first, last, *point.value)};
  if (first == last)
    return {fmt::format("register {}, bit {}", point.word.address, first),
            fmt::format("регистр {}, бит {}", point.word.address, first)};
  return {fmt::format("register {}, bits {}..{}", point.word.address, first, last),
          fmt::format("регистр {}, биты {}..{}", point.word.address, first, last)};
}

}  // namespace

std::optional<int> default_priority(AlarmClass alarm_class) {
  switch (alarm_class) {
    case AlarmClass::shutdown:
    case AlarmClass::trip_stop:
    case AlarmClass::trip:
    case AlarmClass::safety_trip_stop:
    case AlarmClass::safety_trip:
      return 1;
    case AlarmClass::block:
    case AlarmClass::mains_trip:
      return 2;
    case AlarmClass::warning:
      return 3;
    case AlarmClass::indication:
      break;
  }
  return std::nullopt;
}

Text place_of(const AlarmPoint& point) {
  switch (point.word.function) {
    case modbus::Function::coils:
      return {fmt::format("coil {}", point.word.address),
              fmt::format("таблица coils, адрес {}", point.word.address)};
    case modbus::Function::discrete_inputs:
      return {fmt::format("discrete input {}", point.word.address),
              fmt::format("таблица discrete, адрес {}", point.word.address)};
    case modbus::Function::input_registers: {
      const Text bits = bits_of(point);
      return {"input " + bits.en, "входной " + bits.ru};
    }
    case modbus::Function::holding_registers:
      break;
  }
  return bits_of(point);
}

Text text_of(const AlarmPoint& point, const Text& label) {
  Text text = label;
  if (!point.is_confirmed) {
    const Text place = place_of(point);
    text.en += " (" + place.en + ")";
    text.ru += " (" + place.ru + ")";
  }
  if (point.is_latched) {
    text.en += "; reset at the panel";
    text.ru += "; сброс на панели";
  }
  return text;
}

}  // namespace gensetd::profile
