#include "commands/reading_table.hpp"

#include "profile/number_rules.hpp"
#include "profile/words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace gensetd::commands {
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

// Right-aligned in ten characters.
std::string value_column(const reading::Content& content, std::size_t index) {
  const profile::Field& field = content.profile->fields[index];
  const profile::Value& value = content.values[index];
  if (!value) return "         \u2014";
  std::string text;
  reading::append_value(text, field, value, content.texts);
  return fmt::format("{:>10}", text);
}

// "120 = 3985", "182 = 1896 0", "0.9 = 0200": address and raw registers, bits in hexadecimal.
std::string raw_of(const profile::Field& field, const modbus::RawValues& registers) {
  const std::string place = fmt::format("{}{}", profile::table_prefix(field.table), field.address);
  const auto first = registers.find({field.table, field.address});
  if (first == registers.end()) return place + " = ?";
  if (modbus::reads_bits(field.table)) return fmt::format("{} = {}", place, first->second);
  if (field.type == profile::Type::bit) return fmt::format("{}.{} = {:04X}", place, field.bit, first->second);
  std::string text = place + " =";
  for (std::uint16_t index = 0; index < profile::register_count(field); ++index) {
    const auto one = registers.find({field.table, static_cast<std::uint16_t>(field.address + index)});
    if (one == registers.end()) return place + " = ?";
    text += fmt::format(" {}", one->second);
  }
  return text;
}

}  // namespace

std::string padded(std::string_view text, std::size_t width) {
  std::size_t shown = 0;
  for (const char character : text) shown += (static_cast<unsigned char>(character) & 0xC0) != 0x80 ? 1 : 0;
  return std::string{text} + std::string(shown < width ? width - shown : 0, ' ');
}

std::string reading_table(const reading::Content& content, const modbus::RawValues* registers) {
  std::string text;
  if (!content.error.empty()) text += content.error + "\n";
  for (const profile::Group& group : content.profile->groups) {
    bool first = true;
    for (std::size_t index = 0; index < content.values.size(); ++index) {
      const profile::Field& field = content.profile->fields[index];
      if (field.group != group.name) continue;
      if (std::exchange(first, false)) text += "\n" + group.label.en + "\n";
      const std::string_view word = code_word(*content.profile, field, content.values[index]);
      const std::string raw = registers == nullptr ? "" : padded(raw_of(field, *registers), 18);
      text +=
          fmt::format("  {} {}{} {}  {}{}\n", padded(field.name, 18), raw, value_column(content, index),
                      padded(field.unit, 5), field.label.en, word.empty() ? "" : fmt::format(": {}", word));
    }
  }
  return text;
}

std::string raw_table(const modbus::RawValues& registers) {
  const bool is_bits = !registers.empty() && modbus::reads_bits(registers.begin()->first.function);
  std::string text = is_bits ? "address  value\n" : "address  unsigned  signed  hex\n";
  for (const auto& [place, raw] : registers) {
    text += is_bits ? fmt::format("{:>7} {:>6}\n", place.address, raw)
                    : fmt::format("{:>7} {:>9} {:>7}  {:04X}\n", place.address, raw,
                                  static_cast<std::int16_t>(raw), raw);
  }
  return text;
}

}  // namespace gensetd::commands
