#include "profile/identity.hpp"

#include "profile/decode.hpp"
#include "profile/number_rules.hpp"
#include "profile/words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

namespace gensetd::profile {
namespace {

using modbus::RawValues;
using modbus::ReadRequest;

constexpr std::size_t reasons_max = 4;      // per line
constexpr std::size_t allowed_max = 4;      // values that a reason lists
constexpr std::size_t characters_max = 24;  // of a text

ReadRequest range_of(const Field& field) {
  const std::uint16_t count = modbus::reads_bits(field.table) ? std::uint16_t{1} : register_count(field);
  return {.function = field.table, .first = field.address, .count = count};
}

std::uint32_t end_of(const ReadRequest& range) { return std::uint32_t{range.first} + range.count; }

bool covers(const ReadRequest& whole, const ReadRequest& part) {
  return whole.function == part.function && whole.first <= part.first && end_of(whole) >= end_of(part);
}

std::string name_of(const Field& field) {
  if (field.table == modbus::Function::coils) return fmt::format("coil {}", field.address);
  if (field.table == modbus::Function::discrete_inputs)
    return fmt::format("discrete input {}", field.address);
  const std::uint16_t count = register_count(field);
  std::string name{table_prefix(field.table)};
  name += count == 1 ? fmt::format("register {}", field.address)
                     : fmt::format("registers {}..{}", field.address, field.address + count - 1);
  if (field.type == Type::bit) return name + fmt::format(" bit {}", field.bit);
  return field.keys.mask == 0 ? name : name + fmt::format(" (mask 0x{:04X})", field.keys.mask);
}

std::string_view verb_of(const Field& field) {
  return !modbus::reads_bits(field.table) && register_count(field) > 1 ? "are" : "is";
}

// Characters that a terminal or browser acts upon instead of showing them: C1 controls, marks without width,
// changes of direction.
bool is_hidden(std::uint32_t character) {
  return (character >= 0x80 && character < 0xA0) || (character >= 0x200B && character <= 0x200F) ||
         (character >= 0x2028 && character <= 0x202E) || (character >= 0x2066 && character <= 0x2069);
}

// The character that begins `text`, which is valid UTF-8, and its bytes.
std::pair<std::uint32_t, std::size_t> first_character(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  const std::size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  std::uint32_t character = length == 1 ? lead : lead & (0x7FU >> length);
  for (std::size_t index = 1; index < std::min(length, text.size()); ++index)
    character = character << 6U | (static_cast<unsigned char>(text[index]) & 0x3FU);
  return {character, std::min(length, text.size())};
}

std::string printable(std::string_view text) {
  std::string out = "\"";
  for (std::size_t characters = 0; !text.empty(); ++characters) {
    if (characters == characters_max) {
      out += "\u2026";
      break;
    }
    const auto [character, length] = first_character(text);
    if (is_hidden(character)) {
      out += '?';
    } else {
      if (character == '"' || character == '\\') out += '\\';
      out += text.substr(0, length);
    }
    text.remove_prefix(length);
  }
  return out + '"';
}

// The bytes of the field's registers, or the byte with its bit; empty: not all were read.
std::vector<std::uint8_t> bytes_of(const Field& field, const RawValues& registers) {
  std::vector<std::uint8_t> bytes;
  const ReadRequest range = range_of(field);
  for (std::uint16_t offset = 0; offset < range.count; ++offset) {
    const auto raw = registers.find({field.table, static_cast<std::uint16_t>(range.first + offset)});
    if (raw == registers.end()) return {};
    if (!modbus::reads_bits(field.table)) bytes.push_back(static_cast<std::uint8_t>(raw->second >> 8U));
    bytes.push_back(static_cast<std::uint8_t>(raw->second & 0xFFU));
  }
  return bytes;
}

bool is_allowed(const IdentityRule& rule, std::string_view value) {
  return std::ranges::any_of(rule.allowed, [&](const std::string& allowed) {
    return rule.is_prefix ? value.starts_with(allowed) : value == allowed;
  });
}

std::string print_allowed(const IdentityRule& rule) {
  const bool is_text = rule.field.type == Type::text;
  std::string text;
  for (std::size_t index = 0; index < rule.allowed.size(); ++index) {
    if (index == allowed_max) return text + ", \u2026";
    if (index > 0) text += index + 1 == rule.allowed.size() ? " or " : ", ";
    text += is_text ? printable(rule.allowed[index]) : rule.allowed[index];
  }
  return text;
}

// What one rule says of values that were read.
struct RuleResult {
  bool holds = false;
  std::string text;
};

RuleResult evaluate_text(const IdentityRule& rule, std::span<const std::uint8_t> bytes) {
  const std::string value = decode_text(rule.field, bytes);
  const bool is_whole = is_whole_text(rule.field, bytes);
  RuleResult result{
      .holds = is_whole && is_allowed(rule, value),
      .text = fmt::format("{} {} {}", name_of(rule.field), verb_of(rule.field), printable(value))};
  if (result.holds) return result;
  if (!is_whole) result.text += " with bytes that are no text";
  result.text += rule.is_prefix ? fmt::format(", which does not begin with {}", print_allowed(rule))
                                : fmt::format(", not {}", print_allowed(rule));
  return result;
}

RuleResult evaluate(const IdentityRule& rule, std::span<const std::uint8_t> bytes) {
  if (rule.field.type == Type::text) return evaluate_text(rule, bytes);
  const auto value = decode_printed(rule.field, {.first = rule.field.address, .bytes = bytes});
  RuleResult result{.holds = value && is_allowed(rule, *value)};
  std::string shown = value.value_or("no number (0x");
  if (!value) shown += fmt::format("{:02X})", fmt::join(bytes, ""));
  result.text = fmt::format("{} {} {}", name_of(rule.field), verb_of(rule.field), shown);
  if (!result.holds) result.text += fmt::format(", not {}", print_allowed(rule));
  return result;
}

std::string joined(const std::vector<std::string>& reasons) {
  const std::size_t shown = std::min(reasons.size(), reasons_max);
  std::string text = fmt::format(
      "{}", fmt::join(reasons.begin(), reasons.begin() + static_cast<std::ptrdiff_t>(shown), "; "));
  return shown < reasons.size() ? text + "; \u2026" : text;
}

}  // namespace

std::vector<ReadRequest> identity_ranges(const Profile& profile, modbus::Protocol protocol) {
  std::vector<ReadRequest> wanted;
  wanted.reserve(profile.identity.size());
  for (const IdentityRule& rule : profile.identity) wanted.push_back(range_of(rule.field));
  std::ranges::sort(wanted, {}, [](const ReadRequest& range) {
    return std::tuple{range.function, range.first, -int{range.count}};
  });
  const Transport& transport = profile.transport(protocol);
  std::vector<ReadRequest> ranges;
  for (const ReadRequest& range : wanted) {
    if (!ranges.empty()) {
      ReadRequest& before = ranges.back();
      if (covers(before, range)) continue;
      const std::uint32_t count = end_of(range) - before.first;
      if (!transport.whole_blocks && before.function == range.function && range.first <= end_of(before) &&
          count <= transport.merge_limit) {
        before.count = static_cast<std::uint16_t>(count);
        continue;
      }
    }
    ranges.push_back(range);
  }
  return ranges;
}

std::optional<ReadRequest> firmware_range(const Profile& profile) {
  if (!profile.firmware) return std::nullopt;
  return range_of(*profile.firmware);
}

std::optional<Identity> evaluate_identity(const Profile& profile, const RawValues& registers,
                                          std::span<const UnreadRange> unread) {
  if (profile.identity.empty()) return std::nullopt;
  Identity identity{.verdict = IdentityVerdict::match};
  std::vector<std::string> hold;
  std::vector<std::string> differ;
  std::vector<std::string> missing;
  for (const IdentityRule& rule : profile.identity) {
    const std::vector<std::uint8_t> bytes = bytes_of(rule.field, registers);
    if (!bytes.empty()) {
      RuleResult result = evaluate(rule, bytes);
      (result.holds ? hold : differ).push_back(std::move(result.text));
      continue;
    }
    const auto failed = std::ranges::find_if(
        unread, [&](const UnreadRange& one) { return covers(one.range, range_of(rule.field)); });
    const bool is_refused = failed != unread.end() && failed->is_refused;
    if (is_refused || identity.verdict == IdentityVerdict::match)
      identity.verdict = is_refused ? IdentityVerdict::refused : IdentityVerdict::unread;
    missing.push_back(name_of(rule.field) + ' ' + (failed == unread.end() ? "was not read" : failed->why));
  }
  if (!differ.empty()) identity.verdict = IdentityVerdict::mismatch;
  identity.reason = joined(!differ.empty() ? differ : !missing.empty() ? missing : hold);
  return identity;
}

std::optional<std::string> firmware_of(const Profile& profile, const RawValues& registers) {
  if (!profile.firmware) return std::nullopt;
  const Field& field = *profile.firmware;
  const std::vector<std::uint8_t> bytes = bytes_of(field, registers);
  if (bytes.empty()) return std::nullopt;
  std::optional<std::string> text = decode_printed(field, {.first = field.address, .bytes = bytes});
  if (text && text->empty()) text.reset();
  return text;
}

}  // namespace gensetd::profile
