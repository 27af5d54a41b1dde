#include "app/reading_table.hpp"

#include "modbus/big_endian.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace gensetd::app {
namespace {

std::string_view code_word(const profile::Profile& profile, const profile::Field& field,
                           const profile::Value& value) {
  if (field.codes.empty() || !value) return {};
  for (const profile::CodeTable& table : profile.code_tables) {
    if (table.name != field.codes) continue;
    const auto code = std::ranges::find(table.codes, *value, &profile::Code::value);
    return code == table.codes.end() ? std::string_view{"unknown code"} : std::string_view{code->label.en};
  }
  return {};
}

// Ten characters wide, to the right.
std::string shown(const profile::Field& field, const profile::Value& value) {
  if (!value) return "         \u2014";
  std::string text;
  reading::append_value(text, field, value);
  return fmt::format("{:>10}", text);
}

}  // namespace

std::string padded(std::string_view text, std::size_t width) {
  std::size_t shown = 0;
  for (const char character : text) shown += (static_cast<unsigned char>(character) & 0xC0) != 0x80 ? 1 : 0;
  return std::string{text} + std::string(shown < width ? width - shown : 0, ' ');
}

std::string reading_table(const reading::Facts& facts) {
  std::string text;
  if (!facts.error.empty()) text += facts.error + "\n";
  for (const profile::Group& group : facts.profile->groups) {
    bool first = true;
    for (std::size_t index = 0; index < facts.values.size(); ++index) {
      const profile::Field& field = facts.profile->fields[index];
      if (field.group != group.name) continue;
      if (std::exchange(first, false)) text += "\n" + group.label.en + "\n";
      const std::string_view word = code_word(*facts.profile, field, facts.values[index]);
      text +=
          fmt::format("  {} {} {}  {}{}\n", padded(field.name, 18), shown(field, facts.values[index]),
                      padded(field.unit, 5), field.label.en, word.empty() ? "" : fmt::format(": {}", word));
    }
  }
  return text;
}

std::string raw_table(std::uint16_t first, std::span<const std::uint8_t> registers) {
  std::string text = "address  unsigned  signed  hex\n";
  for (std::size_t offset = 0; offset + 1 < registers.size(); offset += 2) {
    const std::uint16_t raw = modbus::number_at(registers, offset);
    text += fmt::format("{:>7} {:>9} {:>7}  {:04X}\n", first + offset / 2, raw,
                        static_cast<std::int16_t>(raw), raw);
  }
  return text;
}

}  // namespace gensetd::app
