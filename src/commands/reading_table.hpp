#pragma once

#include "modbus/raw_values.hpp"
#include "reading/reading.hpp"

#include <string>
#include <string_view>

namespace gensetd::commands {

// The values of a reading for people: one line per field under its group, with unit, label and the text of
// its code; a dash for no data. The error of the reading comes first. With `registers`, each line also
// contains the field's raw registers, low word first.
std::string reading_table(const reading::Content& content, const modbus::RawValues* registers = nullptr);

// Raw registers: address, unsigned, signed, hexadecimal; raw bits: address, value.
std::string raw_table(const modbus::RawValues& registers);

// `text`, filled with spaces to `width` characters of UTF-8.
std::string padded(std::string_view text, std::size_t width);

}  // namespace gensetd::commands
