#include "profile/catalog.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace gensetd::profile {
namespace {

// A small profile of format 2 in which every kind of entry is on its own line.
const std::vector<std::string> good_lines{
    R"(name = "two")",                                                                // 1
    R"(format = 2)",                                                                  // 2
    R"(title = { en = "Two", ru = "Два" })",                                          // 3
    R"(device_type = "ats")",                                                         // 4
    R"(protocol = "tcp")",                                                            // 5
    R"(probe_address = 0)",                                                           // 6
    R"(tcp = { merge_limit = 125, request_gap_ms = 0, requests_in_flight = 1 })",     // 7
    R"(serial = { merge_limit = 36, request_gap_ms = 50, requests_in_flight = 1 })",  // 8
    R"(word_order = "high_first")",                                                   // 9
    R"(byte_order = "big")",                                                          // 10
    R"(no_data = { u16 = "from_32000", i16 = [0x7FFF, [0xFFF8, 0xFFFF]], u32 = "marker", u64 = "none" })",  // 11
    R"(groups = [{ name = "g", label = { en = "G", ru = "Г" } }])",  // 12
    R"(code_tables = [{ name = "t", codes = [{ value = 1, key = "on", label = { en = "On", ru = "Вкл" } }] }])",
    R"(blocks = [{ name = "b", address = 0, count = 40 }, { name = "c", address = 100, count = 4 }])",  // 14
    R"(fields = [)",                                                                                    // 15
    R"({ name = "word", address = 0, type = "u16", group = "g", label = { en = "W", ru = "С" } },)",    // 16
    R"({ name = "low", address = 1, type = "i16", scale = "1/10", group = "g", label = { en = "L", ru = "Н" } },)",
    R"({ name = "long", address = 2, type = "u64", group = "g", label = { en = "O", ru = "Д" } },)",  // 18
    R"({ name = "real", address = 6, type = "f32", decimals = 1, group = "g", label = { en = "R", ru = "В" } },)",
    R"({ name = "part", address = 8, type = "u16", mask = 0x0FF0, no_data = "none", group = "g", label = { en = "P", ru = "Ч" } },)",
    R"({ name = "code", address = 9, type = "enum", codes = "t", group = "g", label = { en = "C", ru = "К" } },)",  // 21
    R"({ name = "bits", address = 10, type = "bitfield", length = 2, group = "g", label = { en = "B", ru = "Б" } },)",
    R"({ name = "digit", address = 12, type = "bcd", digits = 4, group = "g", label = { en = "D", ru = "Ц" } },)",  // 23
    R"({ name = "flag", address = 13, type = "bit", bit = 3, group = "g", label = { en = "F", ru = "Ф" } },)",  // 24
    R"({ name = "count", address = 14, type = "u32", unit = "kWh", raw_max = 9, group = "g", label = { en = "N", ru = "Н" } },)",
    R"(])",
};

std::string text_of(std::vector<std::string> lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

std::string text_with(std::size_t line, const std::string& piece, const std::string& other) {
  std::vector<std::string> lines = good_lines;
  std::string& changed = lines.at(line - 1);
  const std::size_t at = changed.find(piece);
  EXPECT_NE(at, std::string::npos) << piece << " is not in line " << line;
  if (at != std::string::npos) changed.replace(at, piece.size(), other);
  return text_of(lines);
}

std::string verdict(const Catalog& catalog, const std::string& text) {
  try {
    catalog.parse(text, "a.toml");
  } catch (const ProfileError& error) {
    return error.what();
  }
  return "accepted";
}

struct Mistake {
  std::size_t line;
  std::string piece;
  std::string other;
  std::string message;  // behind the name of the file
};

const std::vector<Mistake> mistakes{
    {2, "format = 2", "format = 3", "2: format = 3: must be a whole number 1..2"},
    {2, "format = 2", R"(format = "2")", R"(2: format = "2": must be a whole number 1..2)"},
    {2, "format = 2", "format = 0", "2: format = 0: must be a whole number 1..2"},
    {2, "format = 2", "format = 1",
     R"(9: unknown key "word_order" in a profile: allowed are name, extends, title, device_type, protocol, probe_address, tcp, serial, groups, code_tables, blocks, fields, format; format = 2 allows it too)"},
    {2, "format = 2", "",
     R"(9: unknown key "word_order" in a profile: allowed are name, extends, title, device_type, protocol, probe_address, tcp, serial, groups, code_tables, blocks, fields, format; format = 2 allows it too)"},
    {2, "format = 2", "format = 2\nspeed = 1",
     R"(3: unknown key "speed" in a profile: allowed are name, extends, title, device_type, protocol, probe_address, tcp, serial, groups, code_tables, blocks, fields, format, word_order, byte_order, no_data, remove, probe_table, alarm_layouts, alarm_groups, alarms, alarm_help, identity, firmware, confirmed, seen)"},
    {16, R"(type = "u16")", R"(type = "u16", zoom = 2)",
     R"(16: unknown key "zoom" in a field: allowed are name, address, type, bit, decimals, no_data, raw_min, raw_max, unit, sign, group, codes, label, table, mask, scale, offset, word_order, byte_order, digits, length, encoding, role)"},
    {9, R"("high_first")", R"("big")",
     R"(9: word_order = "big": must be low_first or high_first, in quotes)"},
    {9, R"("high_first")", "1", "9: word_order = 1: must be low_first or high_first, in quotes"},
    {9, R"(word_order = "high_first")", "",
     "18: field long: u64 has several registers and no word_order: needed is low_first or high_first, in the "
     "field or at the top level"},
    {10, R"("big")", R"("low_first")", R"(10: byte_order = "low_first": must be big or little, in quotes)"},
    {11, R"(u64 = "none")", R"(u8 = "none")",
     R"(11: unknown key "u8" in a no_data: allowed are u16, i16, u32, i32, u64, i64, f32, f64, bitfield, enum, bcd)"},
    {11, R"(u64 = "none")", R"(bit = "none")",
     R"(11: unknown key "bit" in a no_data: allowed are u16, i16, u32, i32, u64, i64, f32, f64, bitfield, enum, bcd)"},
    {11, R"(u64 = "none")", R"(u64 = "marker")",
     R"(11: no_data of u64: "marker" does not fit u64: must be none or a list)"},
    {11, R"("from_32000")", R"("marker")",
     R"(11: no_data of u16: "marker" does not fit u16: must be none, from_32000 or a list)"},
    {11, R"("from_32000")", R"("never")",
     R"(11: u16 = "never": must be "none", "from_32000", "marker" or a list such as [0x7FFF, [0xFFF8, 0xFFFF]])"},
    {11, R"(u16 = "from_32000", )", "",
     R"(16: field word: u16 has no no_data: needed is "none", "from_32000" or a list, in the field or at the top level: no_data = { u16 = ... })"},
    {11, "i16 = [0x7FFF, [0xFFF8, 0xFFFF]], ", "",
     R"(17: field low: i16 has no no_data: needed is "none", "from_32000" or a list, in the field or at the top level: no_data = { i16 = ... })"},
    {11, R"(u32 = "marker", )", "",
     R"(25: field count: u32 has no no_data: needed is "none", "marker" or a list, in the field or at the top level: no_data = { u32 = ... })"},
    {11, R"(, u64 = "none")", "",
     R"(18: field long: u64 has no no_data: needed is "none" or a list, in the field or at the top level: no_data = { u64 = ... })"},
    {11, "no_data = {", R"(no_data = "none" # {)", R"(11: no_data = "none": must be a table { ... })"},
    {11, "[0x7FFF, [0xFFF8, 0xFFFF]]", "[]",
     R"(11: i16 = []: must contain a raw value; "none" means that there is none)"},
    {11, "[0x7FFF, [0xFFF8, 0xFFFF]]", "0x7FFF",
     R"(11: i16 = 32767: must be "none", "from_32000", "marker" or a list such as [0x7FFF, [0xFFF8, 0xFFFF]])"},
    {11, "[0x7FFF,", "[-1,",
     R"(11: entry 1 of i16 = -1: must be a raw value (a whole number, or hexadecimal digits in quotes such as "0x8000000000000000") or a pair [first, last] of them)"},
    {11, "[0x7FFF,", R"(["7FFF",)",
     R"(11: entry 1 of i16 = "7FFF": must be a raw value (a whole number, or hexadecimal digits in quotes such as "0x8000000000000000") or a pair [first, last] of them)"},
    {11, "[0x7FFF,", R"(["0x",)",
     R"(11: entry 1 of i16 = "0x": must be a raw value (a whole number, or hexadecimal digits in quotes such as "0x8000000000000000") or a pair [first, last] of them)"},
    {11, "[0x7FFF,", "[1.5,",
     R"(11: entry 1 of i16 = 1.5: must be a raw value (a whole number, or hexadecimal digits in quotes such as "0x8000000000000000") or a pair [first, last] of them)"},
    {11, "[0xFFF8, 0xFFFF]", "[0xFFFF, 0xFFF8]",
     "11: entry 2 of i16: 0xFFFF is above 0xFFF8: must be a pair [first, last]"},
    {11, "[0xFFF8, 0xFFFF]", "[0xFFF8]",
     R"(11: entry 2 of i16 = [...]: must be a raw value (a whole number, or hexadecimal digits in quotes such as "0x8000000000000000") or a pair [first, last] of them)"},
    {11, "[0xFFF8, 0xFFFF]", "[1, 2, 3]",
     R"(11: entry 2 of i16 = [...]: must be a raw value (a whole number, or hexadecimal digits in quotes such as "0x8000000000000000") or a pair [first, last] of them)"},
    {11, "[0xFFF8, 0xFFFF]", "[0xFFF8, 0x10000]",
     "11: no_data of i16: 0x10000 has more than 16 bits: must be 0xFFFF at most"},
    {11, "[0x7FFF,", "[0xFFFA,", "11: i16: 0xFFFA is listed twice: entries must not overlap"},
    {11, "[0x7FFF,", "[5, 5,", "11: i16: 0x5 is listed twice: entries must not overlap"},
    {11, R"(u64 = "none")", R"(u64 = ["0x10000000000000000"])",
     R"(11: entry 1 of u64 = "0x10000000000000000": must be a raw value (a whole number, or hexadecimal digits in quotes such as "0x8000000000000000") or a pair [first, last] of them)"},
    {11, R"(u64 = "none")", R"(f32 = ["0x100000000"])",
     "11: no_data of f32: 0x100000000 has more than 32 bits: must be 0xFFFFFFFF at most"},
    {11, R"(u64 = "none")", R"(f32 = "marker")",
     R"(11: no_data of f32: "marker" does not fit f32: must be none or a list)"},
    {16, R"(type = "u16")", R"(type = "text")",
     "16: field word is text in block b: the block must have every = 10 or more"},
    {16, R"(type = "u16")", R"(type = "u16", no_data = "marker")",
     R"(16: field word: no_data: "marker" does not fit u16: must be none, from_32000 or a list)"},
    {16, R"(type = "u16")", R"(type = "u16", no_data = [0, 65536])",
     "16: field word: no_data: 0x10000 has more than 16 bits: must be 0xFFFF at most"},
    {16, R"(type = "u16")", R"(type = "u16", no_data = [[0, 0xFFFF]])",
     "16: field word: no_data leaves no value of 0..65535: must leave one at least"},
    {16, R"(type = "u16")", R"(type = "u16", raw_min = 32000)",
     "16: field word: no_data leaves no value of 32000..65535: must leave one at least"},
    {16, R"(type = "u16")", R"(type = "u16", raw_min = -1)",
     "16: field word: raw_min = -1 does not fit u16: must be a whole number 0..65535"},
    {16, R"(type = "u16")", R"(type = "u16", raw_max = 65536)",
     "16: field word: raw_max = 65536 does not fit u16: must be a whole number 0..65535"},
    {16, R"(type = "u16")", R"(type = "u16", raw_min = 9, raw_max = 8)",
     "16: field word: raw_min = 9 is above raw_max = 8: must be at most that"},
    {16, R"(type = "u16")", R"(type = "u16", raw_max = "no")",
     R"(16: raw_max = "no": must be a whole number, or "none" to drop an inherited limit)"},
    {16, R"(type = "u16")", R"(type = "u16", unit = "furlong")",
     R"(16: unit = "furlong": must be one of V, kV, A, Hz, kW, kvar, kVA, kWh, kvarh, rpm, kPa, bar, L, L/h, h, min, %, °, °C)"},
    {16, R"(type = "u16")", R"(type = "u16", word_order = "low_first")",
     "16: field word: word_order is stated for one register: must be left out"},
    {16, R"(type = "u16")", R"(type = "u16", byte_order = "middle")",
     R"(16: byte_order = "middle": must be big or little, in quotes)"},
    {16, R"(type = "u16")", R"(type = "u16", digits = 4)",
     "16: field word: digits does not fit u16: must be in a field of type bcd"},
    {16, R"(type = "u16")", R"(type = "u16", length = 2)",
     "16: field word: length does not fit u16: must be in a field of type enum, bitfield or text"},
    {16, R"(type = "u16")", R"(type = "u16", bit = 1)",
     R"(16: bit is only allowed in a field of type bit: must be type = "bit")"},
    {16, R"("word")", R"("online")",
     "16: a field is named online, a key of every reading: must be another name"},
    {17, R"("1/10")", R"("1/0")",
     R"(17: scale = "1/0": must be a whole number or a fraction in quotes such as "-160/9", of numbers up to 1000000000, not divided by 0)"},
    {17, R"("1/10")", "0", "17: scale = 0: must be a number that is not 0"},
    {17, R"("1/10")", R"("0/5")", R"(17: scale = "0/5": must be a number that is not 0)"},
    {17, R"("1/10")", "0.1",
     R"(17: scale = 0.1: must be a whole number or a fraction in quotes such as "-160/9", of numbers up to 1000000000, not divided by 0)"},
    {17, R"("1/10")", R"("1/-10")",
     R"(17: scale = "1/-10": must be a whole number or a fraction in quotes such as "-160/9", of numbers up to 1000000000, not divided by 0)"},
    {17, R"("1/10")", R"("1000000001")",
     R"(17: scale = "1000000001": must be a whole number or a fraction in quotes such as "-160/9", of numbers up to 1000000000, not divided by 0)"},
    {17, R"("1/10")", R"("1/10/2")",
     R"(17: scale = "1/10/2": must be a whole number or a fraction in quotes such as "-160/9", of numbers up to 1000000000, not divided by 0)"},
    {17, R"("1/10")", R"("ten")",
     R"(17: scale = "ten": must be a whole number or a fraction in quotes such as "-160/9", of numbers up to 1000000000, not divided by 0)"},
    {17, R"("1/10")", R"("1/10", offset = "1/0")",
     R"(17: offset = "1/0": must be a whole number or a fraction in quotes such as "-160/9", of numbers up to 1000000000, not divided by 0)"},
    {17, R"("1/10")", R"("1/10", offset = "5 / 9")",
     R"(17: offset = "5 / 9": must be a whole number or a fraction in quotes such as "-160/9", of numbers up to 1000000000, not divided by 0)"},
    {17, R"("1/10")", R"("1/10", raw_min = -8, raw_max = -1)",
     "17: field low: no_data leaves no value of -8..-1: must leave one at least"},
    {17, R"("1/10")", R"("1/10", raw_min = 0x7FFF)",
     "17: field low: no_data leaves no value of 32767..32767: must leave one at least"},
    {18, "address = 2", "address = 98",
     "18: field long has u64 at 98..101, which is not inside one block: must be inside"},
    {18, R"(type = "u64")", R"(type = "u64", raw_min = -1)",
     "18: field long: raw_min = -1 does not fit u64: must be a whole number 0..9223372036854775807"},
    {18, R"(type = "u64")", R"(type = "u64", no_data = [[0, "0x7FFFFFFFFFFFFFFF"]])",
     "18: field long: no_data leaves no value of 0..9223372036854775807: must leave one at least"},
    {19, "decimals = 1, ", "", "19: field real: f32 has no decimals: needed is a whole number 0..6"},
    {19, "decimals = 1", "decimals = 7", "19: decimals = 7: must be a whole number 0..6"},
    {19, "decimals = 1", R"(decimals = 1, mask = 0xFF, no_data = "none")",
     "19: field real: mask does not fit f32: must be in a field of an integer type, enum, bitfield or bcd"},
    {19, "decimals = 1", R"(decimals = 1, codes = "t")",
     "19: field real: codes does not fit f32: must be left out"},
    {19, "decimals = 1", R"(decimals = 1, no_data = "from_32000")",
     R"(19: field real: no_data: "from_32000" does not fit f32: must be none or a list)"},
    {20, "0x0FF0", "0", "20: mask = 0: must be set bits that are neighbours, such as 0x00F0"},
    {20, "0x0FF0", "0x0F0F", "20: mask = 3855: must be set bits that are neighbours, such as 0x00F0"},
    {20, "0x0FF0", "0x10000", "20: field part: mask = 0x10000 does not fit u16: must be 0xFFFF at most"},
    {20, "0x0FF0", R"("0xG")", R"(20: mask = "0xG": must be set bits that are neighbours, such as 0x00F0)"},
    {20, R"(no_data = "none", )", "",
     R"(20: field part: a mask needs a no_data of its own, for the bits that are cut out: must be "none" or a list)"},
    {20, R"("none")", R"("from_32000")",
     R"(20: field part: no_data: "from_32000" does not fit u16 with a mask: must be none or a list)"},
    {20, R"("none")", "[0x100]", "20: field part: no_data: 0x100 has more than 8 bits: must be 0xFF at most"},
    {20, R"(no_data = "none")", R"(no_data = "none", raw_max = 256)",
     "20: field part: raw_max = 256 does not fit u16: must be a whole number 0..255"},
    {20, R"(no_data = "none")", "no_data = [[0, 0xFF]]",
     "20: field part: no_data leaves no value of 0..255: must leave one at least"},
    {21, R"(, codes = "t")", "", "21: field code: enum has no codes: needed is the name of a code table"},
    {21, R"(codes = "t")", R"(codes = "x")", R"(21: there is no code table "x": must be one of t)"},
    {21, R"(codes = "t")", R"(codes = "t", scale = 2)",
     "21: field code: scale does not fit enum: must be in a field of an integer type, f32 or f64"},
    {21, R"(codes = "t")", R"(codes = "t", decimals = 1)",
     "21: field code: decimals does not fit enum: must be 0, which may be left out"},
    {21, R"(codes = "t")", R"(codes = "t", length = 3)",
     "21: field code: length = 3 does not fit enum: must be a whole number 1..2"},
    {21, R"(codes = "t")", R"(codes = "t", no_data = "from_32000")",
     R"(21: field code: no_data: "from_32000" does not fit enum: must be none or a list)"},
    {21, R"(codes = "t")", R"(codes = "t", mask = 0xF0000)",
     "21: field code: mask = 0xF0000 does not fit enum: must be 0xFFFF at most"},
    {22, "length = 2", "length = 2, raw_max = 1",
     "22: field bits: a limit does not fit bitfield: must be left out"},
    {22, "length = 2", "length = 2, offset = 1",
     "22: field bits: offset does not fit bitfield: must be in a field of an integer type, f32 or f64"},
    {22, "length = 2", R"(length = 2, codes = "t")",
     "22: field bits: codes does not fit bitfield: must be left out"},
    {22, "address = 10", "address = 39",
     "22: field bits has bitfield at 39..40, which is not inside one block: must be inside"},
    {23, ", digits = 4", "", "23: field digit: bcd has no digits: needed is 4 or 8"},
    {23, "digits = 4", "digits = 6", "23: digits = 6: must be 4 or 8"},
    {23, "digits = 4", "digits = 9", "23: digits = 9: must be a whole number 4..8"},
    {23, "digits = 4", "digits = 4, raw_max = 10000",
     "23: field digit: raw_max = 10000 does not fit bcd: must be a whole number 0..9999"},
    {23, "digits = 4", "digits = 4, scale = 2",
     "23: field digit: scale does not fit bcd: must be in a field of an integer type, f32 or f64"},
    {24, "bit = 3", "bit = 16", "24: bit = 16: must be a whole number 0..15"},
    {24, "bit = 3", "bit = 3, mask = 8",
     "24: field flag: mask does not fit bit: must be in a field of an integer type, enum, bitfield or bcd"},
    {24, "bit = 3", "bit = 3, no_data = [1]",
     "24: field flag: no_data: a list does not fit bit: must be none"},
    {24, "bit = 3", R"(bit = 3, no_data = "marker")",
     R"(24: field flag: no_data: "marker" does not fit bit: must be none)"},
    {24, "bit = 3", "bit = 3, decimals = 1",
     "24: field flag: a bit must not have raw_min, raw_max or decimals"},
    {25, R"("kWh")", "5", "25: unit = 5: must be a text in quotes, on one line, of at most 200 bytes"},
    {25, "raw_max = 9", "raw_max = 4294967296",
     "25: field count: raw_max = 4294967296 does not fit u32: must be a whole number 0..4294967295"},
    {25, "raw_max = 9", "raw_min = 0x7FFE7FFE, raw_max = 0x7FFE7FFE",
     "25: field count: no_data leaves no value of 2147385342..2147385342: must leave one at least"},
    {25, R"(name = "count", address = 14, type = "u32")",
     R"(name = "count", address = 8, type = "u16", mask = 0x0FF0, no_data = "none")",
     "25: fields part and count are the same value, u16 at 8: one of them must differ"},
    {2, "format = 2", "format = 2\nremove = { fields = [\"word\"] }",
     "3: remove is only allowed with extends: must be left out"},
};

TEST(Format2File, a_good_file_is_accepted) {
  EXPECT_EQ(verdict(Catalog::built_in(), text_of(good_lines)), "accepted");
}

TEST(Format2File, each_mistake_is_refused_with_line_value_and_what_is_allowed) {
  ASSERT_GE(mistakes.size(), 60U);
  for (const Mistake& mistake : mistakes) {
    EXPECT_EQ(verdict(Catalog::built_in(), text_with(mistake.line, mistake.piece, mistake.other)),
              "a.toml:" + mistake.message)
        << mistake.line << ": " << mistake.other;
  }
}

// The file above and one that extends it, in a directory.
class DerivedFile : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "gensetd_format_2_XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
    std::ofstream(directory_ / "a.toml") << text_of(good_lines);
    catalog_ = Catalog::with_directory(directory_);
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  ProfilePtr derived(const std::string& more) const { return catalog_.parse(heading + more, "a.toml"); }
  std::string verdict_on(const std::string& more) const { return verdict(catalog_, heading + more); }

  const std::string heading = "name = \"three\"\nextends = \"two\"\nformat = 2\n";
  std::filesystem::path directory_;
  Catalog catalog_ = Catalog::built_in();
};

const Field& named(const ProfilePtr& profile, std::string_view name) {
  const auto found = std::ranges::find(profile->fields, name, &Field::name);
  if (found == profile->fields.end()) throw std::runtime_error("no field " + std::string(name));
  return *found;
}

TEST_F(DerivedFile, inherited_fields_follow_the_top_level_unless_they_state_a_key) {
  const ProfilePtr turned = derived("word_order = \"low_first\"\nno_data = { u64 = [7] }");
  EXPECT_EQ(named(turned, "long").number->word_order, WordOrder::low_first);
  EXPECT_EQ(named(turned, "long").number->no_data, (std::vector<RawRange>{{7, 7}}));
  EXPECT_EQ(named(turned, "count").number, nullptr);
  EXPECT_EQ(named(turned, "count").no_data, NoData::marker);
  EXPECT_TRUE(named(turned, "part").number->no_data.empty());
  const ProfilePtr fixed =
      derived("fields = [{ name = \"long\", word_order = \"high_first\" }]\nword_order = \"low_first\"");
  EXPECT_EQ(named(fixed, "long").number->word_order, WordOrder::high_first);
}

TEST_F(DerivedFile, a_limit_is_dropped_and_parts_are_removed) {
  EXPECT_EQ(named(derived(""), "count").raw_max, 9);
  EXPECT_EQ(named(derived("fields = [{ name = \"count\", raw_max = \"none\" }]"), "count").raw_max,
            std::nullopt);
  const ProfilePtr smaller = derived("remove = { fields = [\"word\", \"flag\"], blocks = [\"c\"] }");
  EXPECT_EQ(smaller->fields.size(), 8U);
  EXPECT_EQ(smaller->fields[0].name, "low");
  EXPECT_EQ(smaller->blocks.size(), 1U);
}

TEST_F(DerivedFile, mistakes_are_refused) {
  EXPECT_EQ(verdict_on("remove = { fields = [\"nobody\"] }"),
            "a.toml:4: remove: the profile that is extended has no field \"nobody\": must have it");
  EXPECT_EQ(verdict_on("remove = { blocks = [1] }"), "a.toml:4: blocks: must be a list of names of blocks");
  EXPECT_EQ(verdict_on("remove = { alarm = [] }"),
            "a.toml:4: unknown key \"alarm\" in a remove: allowed are fields, blocks, alarms");
  EXPECT_EQ(verdict_on("remove = { blocks = [\"b\", \"c\"] }"),
            "a.toml:4: remove leaves no block or no field: must leave one of each");
  EXPECT_EQ(verdict_on("no_data = { u16 = [[0, 0xFFFF]] }"),
            "a.toml:2: field word: no_data leaves no value of 0..65535: must leave one at least");
}

TEST_F(DerivedFile, fields_of_format_1_stay_as_they_are) {
  std::ofstream(directory_ / "old.toml") << R"(name = "old"
title = { en = "O", ru = "О" }
device_type = "generator"
protocol = "tcp"
probe_address = 0
tcp = { merge_limit = 125, request_gap_ms = 0, requests_in_flight = 1 }
serial = { merge_limit = 36, request_gap_ms = 50, requests_in_flight = 1 }
groups = [{ name = "g", label = { en = "G", ru = "Г" } }]
blocks = [{ name = "b", address = 0, count = 8 }]
fields = [
  { name = "word", address = 0, type = "u16", group = "g", label = { en = "w", ru = "с" } },
  { name = "wide", address = 2, type = "u32", group = "g", label = { en = "w", ru = "д" } },
  { name = "flag", address = 4, type = "bit", bit = 3, group = "g", label = { en = "f", ru = "ф" } },
]
)";
  const Catalog catalog = Catalog::with_directory(directory_);
  const ProfilePtr base = catalog.find("old");
  const ProfilePtr derived = catalog.parse(
      "name = \"d\"\nextends = \"old\"\nformat = 2\nword_order = \"high_first\"\nbyte_order = \"little\"\n"
      "no_data = { u16 = \"none\", u32 = [0] }\n",
      "d.toml");
  ASSERT_EQ(derived->fields.size(), base->fields.size());
  for (std::size_t index = 0; index < base->fields.size(); ++index) {
    EXPECT_EQ(derived->fields[index].no_data, base->fields[index].no_data);
    EXPECT_EQ(derived->fields[index].number, nullptr) << base->fields[index].name;
  }
}

// Profiles of customers that extend a built-in map are of format 1; the built-in maps have format 2.
TEST(Format1File, extends_a_map_of_format_2) {
  const Catalog catalog = Catalog::built_in();
  const ProfilePtr mine = catalog.parse(R"(name = "mine"
extends = "hgm9520n"
blocks = [{ name = "more", address = 300, count = 4 }]
fields = [
  { name = "energy_kwh", decimals = 1 },
  { name = "fuel_level", no_data = "none" },
  { name = "extra", address = 300, type = "i32", group = "engine", unit = "furlongs", label = { en = "E", ru = "Д" } },
]
)",
                                        "mine.toml");
  EXPECT_EQ(named(mine, "energy_kwh").decimals, 1);
  EXPECT_EQ(named(mine, "energy_kwh").no_data, named(catalog.find("hgm9520n"), "energy_kwh").no_data);
  EXPECT_EQ(named(mine, "fuel_level").no_data, NoData::none);
  EXPECT_EQ(named(mine, "extra").no_data, NoData::marker);
  for (const Field& field : mine->fields) EXPECT_EQ(field.number, nullptr) << field.name;
  EXPECT_EQ(
      verdict(catalog, "name = \"mine\"\nextends = \"hgm9520n\"\nword_order = \"high_first\"\n"),
      "a.toml:3: unknown key \"word_order\" in a profile: allowed are name, extends, title, device_type, "
      "protocol, probe_address, tcp, serial, groups, code_tables, blocks, fields, format; format = 2 allows "
      "it too");
}

}  // namespace
}  // namespace gensetd::profile
