#pragma once

#include "check.hpp"
#include "profile/built_in_files.hpp"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// A map with all tables and types, and every kind of schedule and alarm.
inline constexpr std::string_view complete_map = R"(format = 2
name = "complete"
title = { en = "Complete", ru = "Полный" }
device_type = "generator"
protocol = "rtu_over_tcp"
probe_address = 0
word_order = "high_first"
no_data = { u16 = [[0xFFF8, 0xFFFF]], i16 = [0x7FFF], u32 = "marker", i32 = "none", u64 = "none", i64 = "none" }
tcp = { merge_limit = 125, request_gap_ms = 0, requests_in_flight = 4, gap_max = 3, whole_blocks = false }
serial = { merge_limit = 36, request_gap_ms = 50, requests_in_flight = 1, gap_max = 10, whole_blocks = false }
groups = [{ name = "g", label = { en = "G", ru = "Г" } }]
identity = [{ address = 700, type = "u16", equals = [1, 2] }, { address = 701, table = "input", type = "text", length = 4, begins_with = "AB" }]
firmware = { address = 710, type = "u16" }
confirmed = false
seen = ["firmware 1, 2026"]
blocks = [
  { name = "base", address = 0, count = 10 },
  { name = "near", address = 12, count = 30 },
  { name = "more", table = "input", address = 0, count = 12 },
  { name = "coils", table = "coils", address = 0, count = 20 },
  { name = "inputs", table = "discrete", address = 3, count = 30, every = 3 },
  { name = "slow", address = 100, count = 40, every = 10 },
  { name = "words", address = 50, count = 4, when = ["alarm", "state:failed"] },
  { name = "both", address = 60, count = 2, every = 5, when = ["alarm"] },
  { name = "far", table = "input", address = 65530, count = 6, when = ["coil"] },
]
fields = [
  { name = "alarm", address = 0, type = "bit", bit = 0, role = "alarm.common", group = "g", label = { en = "A", ru = "А" } },
  { name = "shutdown", address = 0, type = "bit", bit = 1, role = "alarm.class.shutdown", group = "g", label = { en = "S", ru = "С" } },
  { name = "state", address = 1, type = "enum", mask = 0x000F, codes = "states", role = "engine.state", group = "g", label = { en = "B", ru = "Б" } },
  { name = "volts", address = 2, type = "u16", decimals = 1, unit = "V", raw_max = 5000, group = "g", label = { en = "C", ru = "В" } },
  { name = "celsius", address = 3, type = "i16", decimals = 1, scale = "5/9", offset = "-160/9", unit = "°C", raw_min = -50, raw_max = 500, group = "g", label = { en = "D", ru = "Г" } },
  { name = "count", address = 4, type = "u32", group = "g", label = { en = "E", ru = "Д" } },
  { name = "signed", address = 6, type = "i32", word_order = "low_first", byte_order = "little", group = "g", label = { en = "F", ru = "Е" } },
  { name = "digits", address = 8, type = "bcd", digits = 8, group = "g", label = { en = "G", ru = "Ж" } },
  { name = "f32", address = 12, type = "f32", decimals = 2, raw_min = -1000, raw_max = 1000, group = "g", label = { en = "H", ru = "З" } },
  { name = "f64", address = 14, type = "f64", decimals = 3, scale = "1/3", offset = 7, group = "g", label = { en = "I", ru = "И" } },
  { name = "u64", address = 18, type = "u64", group = "g", label = { en = "J", ru = "К" } },
  { name = "i64", address = 22, type = "i64", scale = "999999999/1000000000", decimals = 6, group = "g", label = { en = "K", ru = "Л" } },
  { name = "bits", address = 26, type = "bitfield", length = 2, group = "g", label = { en = "L", ru = "М" } },
  { name = "masked", address = 28, type = "i16", mask = 0x0FF0, no_data = [9], group = "g", label = { en = "M", ru = "Н" } },
  { name = "input", table = "input", address = 5, type = "u16", group = "g", label = { en = "N", ru = "О" } },
  { name = "coil", table = "coils", address = 7, type = "bit", group = "g", label = { en = "O", ru = "П" } },
  { name = "discrete", table = "discrete", address = 9, type = "bit", group = "g", label = { en = "P", ru = "Р" } },
  { name = "text", address = 100, type = "text", length = 8, encoding = "utf8", group = "g", label = { en = "Q", ru = "Т" } },
  { name = "wide", address = 110, type = "text", length = 16, encoding = "utf16", group = "g", label = { en = "R", ru = "У" } },
  { name = "detail", address = 60, type = "u16", group = "g", label = { en = "S", ru = "Ф" } },
]
[[code_tables]]
name = "states"
codes = [
  { value = 0, key = "stopped", means = "stopped", label = { en = "Stopped", ru = "Стоит" } },
  { value = 4, key = "running", means = "running", label = { en = "Running", ru = "Работает" } },
  { value = 9, key = "failed", means = "fault", label = { en = "Failed", ru = "Отказ" } },
]
[[alarm_layouts]]
name = "layout"
bits = [
  { word = 0, bit = 1, code = "overspeed", label = { en = "Overspeed", ru = "Обороты" } },
  { word = 1, bit = 0, code = "input_1", input = 1, label = { en = "Input 1", ru = "Вход 1" } },
]
[[alarm_groups]]
name = "shutdown"
class = "shutdown"
first = 50
layout = "layout"
latched = true
[[alarm_groups]]
name = "warning"
class = "warning"
first = 52
layout = "layout"
confirmed = false
unnamed = true
only_running = ["overspeed"]
[[alarms]]
group = "shutdown"
address = 61
mask = 0x00F0
values = { 2 = "warning", 3 = "shutdown" }
code = "emergency_stop"
label = { en = "Emergency stop", ru = "Стоп" }
[[alarms]]
group = "warning"
table = "coils"
address = 12
code = "door"
label = { en = "Door", ru = "Дверь" }
[alarm_help.overspeed]
en = "Check the governor."
ru = "Проверьте регулятор."
)";

// The texts from which an input makes its register maps, without comments: the maps of this repository, and
// the examples of docs/controllers.md in a map that extends a built-in one.
class MapTexts {
 public:
  static const MapTexts& all() {
    static const MapTexts texts;
    return texts;
  }

  const std::vector<std::string>& texts() const { return texts_; }
  const std::string& text(std::size_t index) const { return texts_[index % texts_.size()]; }
  const std::string& key(std::size_t index) const { return keys_[index % keys_.size()]; }
  // In quotes.
  const std::string& string(std::size_t index) const { return strings_[index % strings_.size()]; }
  // "key = value", of a table on one line.
  const std::string& member(std::size_t index) const { return members_[index % members_.size()]; }

 private:
  MapTexts() {
    texts_.emplace_back(complete_map);
    for (const auto& file : gensetd::profile::built_in_files()) add_text(std::string{file.text});
    const std::filesystem::path source = SOURCE_DIR;
    std::vector<std::filesystem::path> unconfirmed;
    for (const auto& entry : std::filesystem::directory_iterator(source / "profiles/unconfirmed"))
      unconfirmed.push_back(entry.path());
    std::ranges::sort(unconfirmed);
    for (const auto& path : unconfirmed) add_text(contents(path));
    add_examples(contents(source / "docs/controllers.md"));
    check(texts_.size() > 8);
    collect();
  }

  static std::string contents(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::string text(std::istreambuf_iterator<char>{file}, {});
    check(!text.empty());
    return text;
  }

  void add_text(const std::string& text) {
    std::string bare;
    bool is_string = false;
    bool is_comment = false;
    for (const char character : text) {
      if (character == '"') is_string = !is_string;
      if (character == '#' && !is_string) is_comment = true;
      if (character == '\n') is_comment = is_string = false;
      if (!is_comment) bare += character;
    }
    texts_.push_back(std::move(bare));
  }

  void add_examples(const std::string& page) {
    std::size_t place = 0;
    for (;;) {
      const std::size_t begin = std::min(page.find("```toml\n", place), page.find("```text\n", place));
      if (begin == std::string::npos) return;
      const std::size_t first = begin + 8;
      const std::size_t end = page.find("```", first);
      check(end != std::string::npos);
      std::string example = page.substr(first, end - first);
      if (example.find("name = \"my_genset\"") == std::string::npos)
        example.insert(0,
                       "name = \"example\"\nextends = \"hgm9520n\"\nformat = 2\n"
                       "blocks = [{ name = \"example\", address = 300, count = 40 }]\n");
      add_text(example);
      place = end + 3;
    }
  }

  void collect();

  std::vector<std::string> texts_;
  std::vector<std::string> keys_;
  std::vector<std::string> strings_;
  std::vector<std::string> members_;
};

// A piece of a text.
struct Piece {
  std::size_t begin = 0;
  std::size_t end = 0;
};

// The numbers, strings, keys and members of a text; no TOML parser: a mutation may make any text.
struct Pieces {
  std::vector<Piece> numbers;
  std::vector<Piece> strings;
  std::vector<Piece> keys;
  std::vector<Piece> members;  // with the comma and space before or behind them, within one line

  explicit Pieces(std::string_view text) {
    for (std::size_t place = 0; place < text.size();) {
      const char character = text[place];
      if (character == '"') {
        std::size_t end = place + 1;
        while (end < text.size() && text[end] != '"' && text[end] != '\n') ++end;
        end = std::min(end + 1, text.size());
        strings.push_back({place, end});
        place = end;
      } else if (is_word(character) || character == '-') {
        const std::size_t end = end_of_word(text, place + 1);
        std::size_t behind = end;
        while (behind < text.size() && text[behind] == ' ') ++behind;
        if (behind < text.size() && text[behind] == '=') {
          keys.push_back({place, end});
        } else if (character == '-' || std::isdigit(static_cast<unsigned char>(character)) != 0) {
          numbers.push_back({place, end});
        }
        place = end;
      } else {
        ++place;
      }
    }
    for (const Piece& key : keys) {
      const std::size_t line_end = std::min(text.find('\n', key.begin), text.size());
      std::size_t end = key.begin;
      int depth = 0;
      for (; end < line_end; ++end) {
        if (text[end] == '{' || text[end] == '[') ++depth;
        if ((text[end] == '}' || text[end] == ']') && --depth < 0) break;
        if (text[end] == ',' && depth == 0) break;
      }
      if (end < line_end) members.push_back({key.begin, end});
    }
  }

 private:
  static bool is_word(char character) {
    return std::isalnum(static_cast<unsigned char>(character)) != 0 || character == '_';
  }
  static std::size_t end_of_word(std::string_view text, std::size_t place) {
    while (place < text.size() && is_word(text[place])) ++place;
    return place;
  }
};

// Not the texts for people, which are most of a map and all alike for the parser.
inline bool is_plain(std::string_view text) {
  return text.size() <= 60 && text.find("label") == std::string_view::npos &&
         text.find("en = ") == std::string_view::npos && text.find("ru = ") == std::string_view::npos &&
         std::ranges::all_of(text, [](char character) { return character > 0; });
}

inline void MapTexts::collect() {
  std::set<std::string> keys;
  std::set<std::string> strings;
  std::set<std::string> members;
  for (const std::string& text : texts_) {
    const Pieces pieces(text);
    const auto piece = [&](const Piece& of) { return text.substr(of.begin, of.end - of.begin); };
    for (const Piece& key : pieces.keys) keys.insert(piece(key));
    for (const Piece& string : pieces.strings) {
      if (is_plain(piece(string))) strings.insert(piece(string));
    }
    for (const Piece& member : pieces.members) {
      if (is_plain(piece(member))) members.insert(piece(member));
    }
  }
  keys_.assign(keys.begin(), keys.end());
  strings_.assign(strings.begin(), strings.end());
  members_.assign(members.begin(), members.end());
}
