#include "profile/number_reader.hpp"

#include "profile/number_rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <string>
#include <string_view>

namespace gensetd::profile {
namespace {

constexpr std::int64_t fraction_part_max = 1'000'000'000;
constexpr std::string_view raw_value_allowed =
    R"(a raw value (a whole number, or hexadecimal digits in quotes such as "0x8000000000000000") or a pair )"
    "[first, last] of them";

// The whole text as a number, or nothing.
template <typename Number>
std::optional<Number> whole_of(std::string_view text, int base) {
  Number number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, failed] = std::from_chars(text.data(), end, number, base);
  if (failed != std::errc{} || stop != end) return std::nullopt;
  return number;
}

// TOML has no integers above 2^63-1: larger ones are texts.
std::optional<std::uint64_t> raw_value_of(const TomlNode& node) {
  if (const auto* number = std::get_if<std::int64_t>(&node.value))
    return *number < 0 ? std::nullopt : std::optional{static_cast<std::uint64_t>(*number)};
  const auto* text = std::get_if<std::string>(&node.value);
  if (text == nullptr || !text->starts_with("0x")) return std::nullopt;
  return whole_of<std::uint64_t>(std::string_view{*text}.substr(2), 16);
}

std::optional<RawRange> raw_range_of(const TomlNode& node) {
  if (const auto single = raw_value_of(node)) return RawRange{*single, *single};
  const auto* pair = std::get_if<TomlList>(&node.value);
  if (pair == nullptr || pair->size() != 2) return std::nullopt;
  const auto first = raw_value_of(pair->front());
  const auto last = raw_value_of(pair->back());
  if (!first || !last) return std::nullopt;
  return RawRange{*first, *last};
}

std::vector<RawRange> read_ranges(const TomlList& list, std::string_view key, const FilePosition& position) {
  if (list.empty())
    refuse(position,
           fmt::format(R"({} = []: must contain a raw value; "none" means that there is none)", key));
  std::vector<RawRange> ranges;
  for (std::size_t index = 0; index < list.size(); ++index) {
    const FilePosition at{position.file, list[index].line};
    const auto range = raw_range_of(list[index]);
    if (!range)
      refuse(at, fmt::format("entry {} of {} = {}: must be {}", index + 1, key, shown(list[index]),
                             raw_value_allowed));
    if (range->first > range->last)
      refuse(at, fmt::format("entry {} of {}: 0x{:X} is above 0x{:X}: must be a pair [first, last]",
                             index + 1, key, range->first, range->last));
    ranges.push_back(*range);
  }
  std::ranges::sort(ranges, {}, &RawRange::first);
  for (std::size_t index = 1; index < ranges.size(); ++index) {
    if (ranges[index].first > ranges[index - 1].last) continue;
    refuse(position,
           fmt::format("{}: 0x{:X} is listed twice: entries must not overlap", key, ranges[index].first));
  }
  return ranges;
}

NoDataRule read_rule(const TableReader& table, std::string_view key) {
  constexpr std::string_view allowed =
      R"("none", "from_32000", "marker" or a list such as [0x7FFF, [0xFFF8, 0xFFFF]])";
  const TomlNode& node = table.value(key, allowed);
  if (const auto* list = std::get_if<TomlList>(&node.value))
    return {NoData::listed, read_ranges(*list, key, table.position(key))};
  const auto* text = std::get_if<std::string>(&node.value);
  const auto found =
      text == nullptr ? no_data_words.end()
                      : std::ranges::find(no_data_words, *text, [](const auto& word) { return word.first; });
  if (found == no_data_words.end()) table.refuse_value(key, allowed);
  return {found->second, {}};
}

// "-160/9", "10" or 10.
std::optional<Fraction> fraction_of(const TomlNode& node) {
  Fraction fraction;
  if (const auto* number = std::get_if<std::int64_t>(&node.value)) {
    fraction.numerator = *number;
  } else if (const auto* text = std::get_if<std::string>(&node.value)) {
    const std::string_view whole = *text;
    const std::size_t slash = std::min(whole.find('/'), whole.size());
    const auto above = whole_of<std::int64_t>(whole.substr(0, slash), 10);
    const auto below = slash == whole.size() ? std::optional<std::int64_t>{1}
                                             : whole_of<std::int64_t>(whole.substr(slash + 1), 10);
    if (!above || !below) return std::nullopt;
    fraction = {*above, *below};
  } else {
    return std::nullopt;
  }
  const bool is_in_range = fraction.numerator >= -fraction_part_max &&
                           fraction.numerator <= fraction_part_max && fraction.denominator >= 1 &&
                           fraction.denominator <= fraction_part_max;
  return is_in_range ? std::optional{fraction} : std::nullopt;
}

Fraction read_fraction(const TableReader& table, std::string_view key, std::string_view allowed) {
  const auto fraction = fraction_of(table.value(key, allowed));
  if (!fraction) table.refuse_value(key, allowed);
  return *fraction;
}

std::uint64_t read_mask(const TableReader& table) {
  constexpr std::string_view allowed = "set bits that are neighbours, such as 0x00F0";
  const std::uint64_t mask = raw_value_of(table.value("mask", allowed)).value_or(0);
  if (mask == 0 || !std::has_single_bit((mask >> static_cast<unsigned>(std::countr_zero(mask))) + 1)) {
    if (mask != ~std::uint64_t{0}) table.refuse_value("mask", allowed);
  }
  return mask;
}

template <typename Word, typename Words>
void read_word(std::optional<Word>& word, const TableReader& table, std::string_view key,
               const Words& words) {
  if (table.has(key)) word = table.word(key, words);
}

}  // namespace

void read_defaults(NumberDefaults& defaults, const TableReader& profile) {
  read_word(defaults.word_order, profile, "word_order", word_order_words);
  read_word(defaults.byte_order, profile, "byte_order", byte_order_words);
  if (!profile.has("no_data")) return;
  std::vector<std::string_view> types;
  for (const auto& [word, type] : type_words) {
    if (type != Type::bit && type != Type::text) types.push_back(word);
  }
  const TableReader rules(profile.table("no_data"), profile.position().file, "no_data", types);
  for (const auto& [word, type] : type_words) {
    if (!rules.has(word)) continue;
    NoDataRule rule = read_rule(rules, word);
    check_rule(rule, type, widest_bits(type), fmt::format("no_data of {}", word), rules.position(word));
    defaults.no_data[static_cast<std::size_t>(type)] = std::move(rule);
  }
}

void read_number_keys(NumberKeys& keys, const TableReader& field) {
  constexpr std::string_view number =
      R"(a whole number or a fraction in quotes such as "-160/9", of numbers up )"
      "to 1000000000, not divided by 0";
  read_word(keys.word_order, field, "word_order", word_order_words);
  read_word(keys.byte_order, field, "byte_order", byte_order_words);
  if (field.has("no_data")) keys.no_data = read_rule(field, "no_data");
  if (field.has("mask")) keys.mask = read_mask(field);
  if (field.has("scale")) {
    keys.scale = read_fraction(field, "scale", number);
    if (keys.scale->numerator == 0) field.refuse_value("scale", "a number that is not 0");
  }
  if (field.has("offset")) keys.offset = read_fraction(field, "offset", number);
  if (field.has("digits")) {
    keys.digits = static_cast<std::uint8_t>(field.number("digits", 4, 8));
    if (keys.digits != 4 && keys.digits != 8) field.refuse_value("digits", "4 or 8");
  }
  if (field.has("length"))
    keys.length = static_cast<std::uint16_t>(field.number("length", 1, text_registers_max));
  if (field.has("encoding")) keys.encoding = field.word("encoding", encoding_words);
  if (field.has("decimals")) keys.has_decimals = true;
}

}  // namespace gensetd::profile
