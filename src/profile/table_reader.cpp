#include "profile/table_reader.hpp"

#include "profile/names.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace gensetd::profile {
namespace {

constexpr std::size_t quoted_max = 80;

bool is_control(char c) { return (c >= 0 && c < ' ') || c == '\x7f'; }

// "a field", "an alarm".
std::string with_article(std::string_view what) {
  const bool has_vowel =
      !what.empty() && std::string_view{"aeiou"}.find(what.front()) != std::string_view::npos;
  return fmt::format("{} {}", has_vowel ? "an" : "a", what);
}

[[noreturn]] void refuse_node(const FilePosition& position, std::string_view key, const TomlNode& node,
                              std::string_view allowed) {
  refuse(position, fmt::format("{} = {}: must be {}", key, shown(node), allowed));
}

}  // namespace

std::string shown(const TomlNode& node) {
  if (const auto* boolean = std::get_if<bool>(&node.value)) return *boolean ? "true" : "false";
  if (const auto* number = std::get_if<std::int64_t>(&node.value)) return std::to_string(*number);
  if (const auto* text = std::get_if<std::string>(&node.value)) return in_quotes(*text);
  if (std::holds_alternative<TomlList>(node.value)) return "[...]";
  if (std::holds_alternative<TomlTable>(node.value)) return "{...}";
  const auto* unsupported = std::get_if<UnsupportedValue>(&node.value);
  return unsupported == nullptr || unsupported->text.empty() ? "a date" : unsupported->text;
}

void refuse(const FilePosition& position, std::string_view reason) {
  if (position.line == 0) throw ProfileError(fmt::format("{}: {}", position.file, reason));
  throw ProfileError(fmt::format("{}:{}: {}", position.file, position.line, reason));
}

std::string in_quotes(std::string_view text) {
  std::string inside(text.substr(0, quoted_max));
  std::replace_if(inside.begin(), inside.end(), is_control, '?');
  if (text.size() <= quoted_max) return fmt::format("\"{}\"", inside);
  // Do not cut inside a UTF-8 character.
  while (!inside.empty() && (static_cast<unsigned char>(text[inside.size()]) & 0xC0U) == 0x80)
    inside.pop_back();
  return fmt::format("\"{}...\"", inside);
}

TableReader::TableReader(const TomlNode& node, std::string_view file, std::string_view what,
                         const std::vector<std::string_view>& allowed,
                         const std::vector<std::string_view>& format_2)
    : node_(node), file_(file), what_(what) {
  const auto* table = std::get_if<TomlTable>(&node.value);
  if (table == nullptr) {
    refuse({file, node.line}, fmt::format("{} is {}: must be a table with the keys {}", with_article(what),
                                          shown(node), fmt::join(allowed, ", ")));
  }
  for (const TomlMember& member : table->members) {
    if (std::find(allowed.begin(), allowed.end(), member.key) != allowed.end()) continue;
    const bool is_later = std::find(format_2.begin(), format_2.end(), member.key) != format_2.end();
    refuse({file, member.line},
           fmt::format("unknown key {} in {}: allowed are {}{}", in_quotes(member.key), with_article(what),
                       fmt::join(allowed, ", "), is_later ? "; format = 2 allows it too" : ""));
  }
}

const TomlMember* TableReader::member(std::string_view key) const {
  for (const TomlMember& member : std::get<TomlTable>(node_.value).members) {
    if (member.key == key) return &member;
  }
  return nullptr;
}

FilePosition TableReader::position(std::string_view key) const {
  const TomlMember* found = member(key);
  return found == nullptr ? position() : FilePosition{file_, found->line};
}

const TomlNode& TableReader::value(std::string_view key, std::string_view allowed) const {
  const TomlMember* found = member(key);
  if (found == nullptr)
    refuse(position(), fmt::format("{} has no {}: needed is {}", with_article(what_), key, allowed));
  return found->value;
}

void TableReader::refuse_value(std::string_view key, std::string_view allowed) const {
  refuse_node(position(key), key, value(key, allowed), allowed);
}

std::int64_t TableReader::number(std::string_view key, std::int64_t low, std::int64_t high) const {
  const std::string allowed =
      low == high ? std::to_string(low) : fmt::format("a whole number {}..{}", low, high);
  const TomlNode& node = value(key, allowed);
  const auto* number = std::get_if<std::int64_t>(&node.value);
  if (number == nullptr || *number < low || *number > high) refuse_value(key, allowed);
  return *number;
}

bool TableReader::truth(std::string_view key) const {
  constexpr std::string_view allowed = "true or false";
  const auto* boolean = std::get_if<bool>(&value(key, allowed).value);
  if (boolean == nullptr) refuse_value(key, allowed);
  return *boolean;
}

std::string TableReader::name(std::string_view key) const {
  const std::string allowed = fmt::format("{}, in quotes", name_allowed);
  const TomlNode& node = value(key, allowed);
  const auto* text = std::get_if<std::string>(&node.value);
  if (text == nullptr || !is_name(*text)) refuse_value(key, allowed);
  return *text;
}

std::string TableReader::text(std::string_view key, std::size_t bytes_max) const {
  const std::string allowed = fmt::format("a text in quotes, on one line, of at most {} bytes", bytes_max);
  const TomlNode& node = value(key, allowed);
  const auto* text = std::get_if<std::string>(&node.value);
  if (text == nullptr || text->size() > bytes_max || std::any_of(text->begin(), text->end(), is_control))
    refuse_value(key, allowed);
  return *text;
}

Text TableReader::label(std::string_view key, std::size_t bytes_max) const {
  constexpr std::string_view allowed = R"({ en = "...", ru = "..." })";
  const TomlNode& node = value(key, allowed);
  if (!std::holds_alternative<TomlTable>(node.value)) refuse_value(key, allowed);
  const TableReader languages(node, file_, key, {"en", "ru"});
  Text label{languages.text("en", bytes_max), languages.text("ru", bytes_max)};
  if (label.en.empty()) refuse(languages.position("en"), fmt::format("{}: en is empty: must be a text", key));
  if (label.ru.empty()) refuse(languages.position("ru"), fmt::format("{}: ru is empty: must be a text", key));
  return label;
}

const TomlList& TableReader::list(std::string_view key, std::string_view allowed) const {
  const TomlNode& node = value(key, allowed);
  const auto* list = std::get_if<TomlList>(&node.value);
  if (list == nullptr) refuse_value(key, allowed);
  return *list;
}

const TomlNode& TableReader::table(std::string_view key) const {
  const std::string allowed = "a table { ... }";
  const TomlNode& node = value(key, allowed);
  if (!std::holds_alternative<TomlTable>(node.value)) refuse_value(key, allowed);
  return node;
}

std::size_t TableReader::word_index(std::string_view key, const std::vector<std::string_view>& words) const {
  const std::string allowed = fmt::format("{}, in quotes", fmt::join(words, " or "));
  const TomlNode& node = value(key, allowed);
  const auto* text = std::get_if<std::string>(&node.value);
  const auto found = text == nullptr ? words.end() : std::find(words.begin(), words.end(), *text);
  if (found == words.end()) refuse_value(key, allowed);
  return static_cast<std::size_t>(found - words.begin());
}

TableReader reader_of(const TomlNode& node, std::string_view file, std::string_view what, unsigned format,
                      std::vector<std::string_view> keys, const std::vector<std::string_view>& format_2) {
  if (format == 1) return {node, file, what, keys, format_2};
  keys.insert(keys.end(), format_2.begin(), format_2.end());
  return {node, file, what, keys};
}

}  // namespace gensetd::profile
