#pragma once

#include "reading/reading.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace gensetd::commands {

// Raw registers by address.
using Registers = std::map<std::uint16_t, std::uint16_t>;

// The values of a reading for people: one line per field under its group, with unit, label and the text of
// its code; a dash for no data. The error of the reading comes first. With `registers`, each line also
// contains the field's raw registers, low word first.
std::string reading_table(const reading::Content& content, const Registers* registers = nullptr);

// Raw registers: address, unsigned, signed, hexadecimal.
std::string raw_table(const Registers& registers);

// `text`, filled with spaces to `width` characters of UTF-8.
std::string padded(std::string_view text, std::size_t width);

}  // namespace gensetd::commands
