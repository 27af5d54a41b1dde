#include "api/time_query.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace gensetd::api {
namespace {

using namespace std::chrono;

constexpr std::string_view pattern = "dddd-dd-ddTdd:dd:dd";

bool is_digit(char c) { return c >= '0' && c <= '9'; }

int number(std::string_view text, std::size_t first, std::size_t length) {
  int value = 0;
  for (const char c : text.substr(first, length)) value = value * 10 + (c - '0');
  return value;
}

bool matches(std::string_view text, std::string_view form) {
  if (text.size() != form.size()) return false;
  for (std::size_t index = 0; index < form.size(); ++index) {
    const char c = text[index];
    const bool is_match = form[index] == 'd'   ? is_digit(c)
                          : form[index] == 'T' ? c == 'T' || c == 't' || c == ' '
                                               : c == form[index];
    if (!is_match) return false;
  }
  return true;
}

// Takes ".5" or ".123456" from the front, rounded up to a millisecond. Empty when digits are missing.
std::optional<milliseconds> take_fraction(std::string_view& rest) {
  if (!rest.starts_with('.')) return milliseconds{0};
  rest.remove_prefix(1);
  const auto length = static_cast<std::size_t>(std::ranges::find_if_not(rest, is_digit) - rest.begin());
  if (length == 0) return std::nullopt;
  const std::string_view digits = rest.substr(0, length);
  rest.remove_prefix(length);
  int value = 0;
  for (std::size_t index = 0; index < 3; ++index)
    value = value * 10 + (index < length ? digits[index] - '0' : 0);
  const bool has_finer_digits = length > 3 && digits.find_first_not_of('0', 3) != std::string_view::npos;
  return milliseconds{value + (has_finer_digits ? 1 : 0)};
}

// "Z", "z" or "+03:00".
std::optional<minutes> read_offset(std::string_view text) {
  if (text == "Z" || text == "z") return minutes{0};
  if (text.empty() || !matches(text.substr(1), "dd:dd")) return std::nullopt;
  const minutes offset = hours{number(text, 1, 2)} + minutes{number(text, 4, 2)};
  if (number(text, 1, 2) > 23 || number(text, 4, 2) > 59) return std::nullopt;
  if (text.front() == '-') return -offset;
  return text.front() == '+' || text.front() == ' ' ? std::optional{offset} : std::nullopt;
}

}  // namespace

std::optional<reading::Timestamp> parse_time(std::string_view text) {
  if (!matches(text.substr(0, pattern.size()), pattern)) return std::nullopt;
  const year_month_day date{year{number(text, 0, 4)}, month{static_cast<unsigned>(number(text, 5, 2))},
                            day{static_cast<unsigned>(number(text, 8, 2))}};
  const int hour = number(text, 11, 2);
  const int minute = number(text, 14, 2);
  const int second = number(text, 17, 2);
  std::string_view rest = text.substr(pattern.size());
  const auto fraction = take_fraction(rest);
  const auto offset = read_offset(rest);
  if (!date.ok() || hour > 23 || minute > 59 || second > 60 || !fraction || !offset) return std::nullopt;
  const reading::Timestamp to_the_minute = sys_days{date} + hours{hour} + minutes{minute} - *offset;
  const bool is_leap_second = second == 60;
  if (is_leap_second && to_the_minute - floor<days>(to_the_minute) != 23h + 59min) return std::nullopt;
  const auto time = to_the_minute + seconds{second} + (is_leap_second ? milliseconds{0} : *fraction);
  if (time < sys_days{year{1} / 1 / 1} || time >= sys_days{year{10'000} / 1 / 1}) return std::nullopt;
  return time;
}

std::optional<reading::Timestamp> time_parameter(const std::vector<server::QueryParameter>& parameters,
                                                 std::string_view name) {
  const server::QueryParameter* given = server::find_parameter(parameters, name);
  if (given == nullptr) return std::nullopt;
  const auto time = parse_time(given->value);
  if (!time)
    throw server::BadQuery(
        fmt::format("{} must be a time with Z or an offset, such as 2026-02-17T14:30:00Z or "
                    "2026-02-17T17:30:00.5+03:00 (RFC 3339)",
                    name),
        given->name);
  return time;
}

void check_order(const std::optional<reading::Timestamp>& from, const std::optional<reading::Timestamp>& to) {
  if (from && to && *from >= *to) throw server::BadQuery("from must be before to", "from");
}

}  // namespace gensetd::api
