#pragma once

#include "reading/reading.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace gensetd::app {

// Raw registers by address.
using Registers = std::map<std::uint16_t, std::uint16_t>;

// The values of a reading for people: one line a field under its group, with unit, label and the words of its
// code; no data is a dash. `error`, when there is one, stands first. With registers, those of each field
// stand beside its value, low word first.
std::string reading_table(const reading::Facts& facts, const Registers* registers = nullptr);

// Registers as they came: address, unsigned, signed, hexadecimal.
std::string raw_table(const Registers& registers);

// `text` with spaces behind it up to `width` characters of UTF-8.
std::string padded(std::string_view text, std::size_t width);

}  // namespace gensetd::app
