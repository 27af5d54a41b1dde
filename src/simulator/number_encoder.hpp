#pragma once

#include "profile/profile.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

namespace gensetd::simulator {

// Registers of a field with Field::number, from its address on. `old` are those that they replace: bits
// outside of a mask stay. The value is in the field's unit, rounded to its decimals and clamped to its range,
// so that it never reads 'no data'. NaN becomes 'no data', or 0 where the field has no such raw value.
std::vector<std::uint16_t> encode_number(const profile::Field& field, double value,
                                         std::vector<std::uint16_t> old);

// Registers of a field of Type::text, cut at its length and filled with zeros.
std::vector<std::uint16_t> encode_text(const profile::Field& field, std::string_view text);

}  // namespace gensetd::simulator
