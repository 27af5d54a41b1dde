#include "registry/fields.hpp"

#include <boost/json/value.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

namespace gensetd::registry {
namespace {

constexpr std::array<std::string_view, 3> read_only = {"id", "created_at", "updated_at"};
constexpr double exact_double_max = 9'007'199'254'740'992.0;  // 2^53

unsigned char byte_at(std::string_view text, std::size_t index) {
  return index < text.size() ? static_cast<unsigned char>(text[index]) : 0;
}

std::size_t length_characters(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

// C0, DEL, C1 (U+0080..U+009F) and the line and paragraph separators (U+2028, U+2029).
bool has_control_characters(std::string_view text, bool lines) {
  for (std::size_t index = 0; index < text.size(); ++index) {
    const unsigned char first = byte_at(text, index);
    const unsigned char second = byte_at(text, index + 1);
    const unsigned char third = byte_at(text, index + 2);
    if (lines && (first == '\n' || first == '\r' || first == '\t')) continue;
    if (first < 0x20 || first == 0x7F) return true;
    if (first == 0xC2 && second >= 0x80 && second <= 0x9F) return true;
    if (!lines && first == 0xE2 && second == 0x80 && (third == 0xA8 || third == 0xA9)) return true;
  }
  return false;
}

std::optional<std::int64_t> whole(const boost::json::value& value) {
  if (const auto* number = value.if_int64()) return *number;
  const auto* number = value.if_double();
  // Larger doubles do not represent every whole number.
  if (number == nullptr || !(std::abs(*number) <= exact_double_max) || std::trunc(*number) != *number)
    return std::nullopt;
  return static_cast<std::int64_t>(*number);
}

std::optional<double> finite(const boost::json::value& value) {
  if (const auto* number = value.if_int64()) return static_cast<double>(*number);
  if (const auto* number = value.if_uint64()) return static_cast<double>(*number);
  const auto* number = value.if_double();
  if (number == nullptr || !std::isfinite(*number)) return std::nullopt;
  return *number;
}

std::string_view view(const boost::json::string& text) { return {text.data(), text.size()}; }

std::string length_allowed(TextRule rule) {
  return fmt::format("a text of {} to {} characters", rule.length_min, rule.length_max);
}

}  // namespace

std::string text_allowed(std::string_view text, TextRule rule) {
  const std::size_t length = length_characters(text);
  if (length < rule.length_min || length > rule.length_max) return length_allowed(rule);
  if (!has_control_characters(text, rule.lines)) return {};
  return rule.lines ? "a text without control characters other than line breaks and tabs"
                    : "a text on one line, without control characters";
}

std::string shortened(std::string_view text) {
  constexpr std::size_t bytes_max = 64;
  std::size_t length = std::min(text.size(), bytes_max);
  while (length > 0 && length < text.size() && (byte_at(text, length) & 0xC0U) == 0x80U) --length;
  std::string out{text.substr(0, length)};
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
  }
  if (length < text.size()) out += "...";
  return out;
}

Fields::Fields(const boost::json::object& body, std::span<const std::string_view> known, Source source)
    : body_(body), source_(source) {
  for (const auto& member : body) {
    const std::string_view name{member.key().data(), member.key().size()};
    if (std::ranges::find(known, name) != known.end()) continue;
    if (std::ranges::find(read_only, name) != read_only.end()) {
      refuse(name, "read_only_field", fmt::format("{} is set by the server; omit it", name));
    } else {
      refuse(shortened(name), "unknown_field",
             fmt::format("unknown field '{}'; the fields are {}", shortened(name), fmt::join(known, ", ")));
    }
  }
}

void Fields::require(std::string_view name) {
  if (!has(name)) refuse(name, "missing_field", fmt::format("{} is missing", name));
}

const boost::json::value* Fields::find(std::string_view name) const {
  return refusal_ ? nullptr : body_.if_contains(name);
}

void Fields::read_text(std::string_view name, TextRule rule, std::string& into) {
  const auto* value = find(name);
  if (value == nullptr) return;
  const auto* string = value->if_string();
  const std::string_view text = string == nullptr ? std::string_view{} : view(*string);
  if (string == nullptr) return refuse_value(name, length_allowed(rule));
  const std::string allowed = text_allowed(text, rule);
  if (!allowed.empty()) return refuse_value(name, allowed);
  if (source_ == Source::request && rule.length_min > 0 && (text.front() == ' ' || text.back() == ' ')) {
    return refuse_value(name, "a text without leading or trailing spaces");
  }
  into = text;
}

void Fields::read_flag(std::string_view name, bool& into) {
  const auto* value = find(name);
  if (value == nullptr) return;
  if (!value->is_bool()) return refuse_value(name, "true or false");
  into = value->get_bool();
}

void Fields::read_whole(std::string_view name, std::int64_t min, std::int64_t max, std::int64_t& into) {
  const auto* value = find(name);
  if (value == nullptr) return;
  const auto number = whole(*value);
  if (number && *number >= min && *number <= max) {
    into = *number;
  } else if (max == std::numeric_limits<std::int64_t>::max()) {
    refuse_value(name, fmt::format("a whole number of at least {}", min));
  } else {
    refuse_value(name, fmt::format("a whole number from {} to {}", min, max));
  }
}

void Fields::read_whole_or_null(std::string_view name, Range range, std::optional<int>& into) {
  const auto* value = find(name);
  if (value == nullptr) return;
  if (value->is_null()) return into.reset();
  const auto number = whole(*value);
  if (!number || !range.contains(static_cast<double>(*number)))
    return refuse_value(name, fmt::format("a whole number from {} to {}, or null", range.least, range.most));
  into = static_cast<int>(*number);
}

void Fields::read_seconds(std::string_view name, Range range, double& into) {
  const auto* value = find(name);
  if (value == nullptr) return;
  const auto number = finite(*value);
  if (!number || !range.contains(*number))
    return refuse_value(name, fmt::format("a number of seconds from {} to {}", range.least, range.most));
  into = *number;
}

void Fields::read_seconds_or_null(std::string_view name, Range range, std::optional<double>& into) {
  const auto* value = find(name);
  if (value == nullptr) return;
  if (value->is_null()) return into.reset();
  const auto number = finite(*value);
  if (!number || !range.contains(*number))
    return refuse_value(name,
                        fmt::format("a number of seconds from {} to {}, or null", range.least, range.most));
  into = number;
}

void Fields::read_number_or_null(std::string_view name, double min, double max, std::optional<double>& into) {
  const auto* value = find(name);
  if (value == nullptr) return;
  if (value->is_null()) return into.reset();
  const auto number = finite(*value);
  if (!number || *number < min || *number > max) {
    return refuse_value(name, fmt::format("a number from {} to {}, or null", min, max));
  }
  into = number;
}

std::optional<std::string> Fields::word(std::string_view name) {
  const auto* value = find(name);
  if (value == nullptr) return std::nullopt;
  if (const auto* string = value->if_string()) return std::string{view(*string)};
  refuse_value(name, "a text");
  return std::nullopt;
}

void Fields::refuse(std::string_view name, std::string_view code, std::string message) {
  if (refusal_) return;
  refusal_ = Refusal{.kind = Refusal::Kind::invalid,
                     .code = std::string{code},
                     .message = std::move(message),
                     .field = std::string{name}};
}

void Fields::refuse_value(std::string_view name, std::string_view allowed) {
  refuse(name, "invalid_value", fmt::format("{} must be {}", name, allowed));
}

}  // namespace gensetd::registry
