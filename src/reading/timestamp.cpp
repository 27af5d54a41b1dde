#include "reading/reading.hpp"

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

namespace gensetd::reading {
namespace {

constexpr std::string_view form = "dddd-dd-ddTdd:dd:dd.dddZ";

bool matches_form(std::string_view text) {
  if (text.size() != form.size()) return false;
  for (std::size_t index = 0; index < form.size(); ++index) {
    const bool digit = text[index] >= '0' && text[index] <= '9';
    if (form[index] == 'd' ? !digit : text[index] != form[index]) return false;
  }
  return true;
}

int number(std::string_view text, std::size_t first, std::size_t length) {
  int value = 0;
  std::from_chars(text.data() + first, text.data() + first + length, value);
  return value;
}

// Writes the last `length` decimal digits of a number that is not negative.
void put_digits(std::string& text, std::size_t first, std::size_t length, std::int64_t number) {
  for (std::size_t position = first + length; position-- > first; number /= 10)
    text[position] = static_cast<char>('0' + number % 10);
}

}  // namespace

std::string print_timestamp(Timestamp timestamp) {
  const auto day = std::chrono::floor<std::chrono::days>(timestamp);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss time{timestamp - day};
  std::string text{form};
  put_digits(text, 0, 4, static_cast<int>(date.year()));
  put_digits(text, 5, 2, static_cast<unsigned>(date.month()));
  put_digits(text, 8, 2, static_cast<unsigned>(date.day()));
  put_digits(text, 11, 2, time.hours().count());
  put_digits(text, 14, 2, time.minutes().count());
  put_digits(text, 17, 2, time.seconds().count());
  put_digits(text, 20, 3, time.subseconds().count());
  return text;
}

std::optional<Timestamp> parse_timestamp(std::string_view text) {
  if (!matches_form(text)) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{number(text, 0, 4)},
                                         std::chrono::month{static_cast<unsigned>(number(text, 5, 2))},
                                         std::chrono::day{static_cast<unsigned>(number(text, 8, 2))}};
  const int hour = number(text, 11, 2);
  const int minute = number(text, 14, 2);
  const int second = number(text, 17, 2);
  if (!date.ok() || hour > 23 || minute > 59 || second > 59) return std::nullopt;
  return Timestamp{std::chrono::sys_days{date}} + std::chrono::hours{hour} + std::chrono::minutes{minute} +
         std::chrono::seconds{second} + std::chrono::milliseconds{number(text, 20, 3)};
}

}  // namespace gensetd::reading
