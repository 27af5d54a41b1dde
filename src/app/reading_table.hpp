#pragma once

#include "reading/reading.hpp"

#include <cstdint>
#include <span>
#include <string>

namespace gensetd::app {

// The values of a reading for people: one line a field under its group, with unit, label and the words of its
// code; no data is a dash. `error`, when there is one, stands first.
std::string reading_table(const reading::Facts& facts);

// Registers as they came: address, unsigned, signed, hexadecimal.
std::string raw_table(std::uint16_t first, std::span<const std::uint8_t> registers);

// `text` with spaces behind it up to `width` characters of UTF-8.
std::string padded(std::string_view text, std::size_t width);

}  // namespace gensetd::app
