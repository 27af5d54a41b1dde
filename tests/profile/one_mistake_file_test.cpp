#include "profile/catalog.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

// More mistakes, one in each file: keys of every part with a value of another type, out of range or unknown.
namespace gensetd::profile {
namespace {

const std::vector<std::string> good_file{
    R"(name = "one")",                                                                          // 1
    R"(format = 2)",                                                                            // 2
    R"(title = { en = "One", ru = "Один" })",                                                   // 3
    R"(device_type = "generator")",                                                             // 4
    R"(protocol = "tcp")",                                                                      // 5
    R"(probe_address = 0)",                                                                     // 6
    R"(tcp = { merge_limit = 125, request_gap_ms = 0, requests_in_flight = 4, gap_max = 0 })",  // 7
    R"(serial = { merge_limit = 36, request_gap_ms = 50, requests_in_flight = 1 })",            // 8
    R"(word_order = "high_first")",                                                             // 9
    R"(no_data = { u16 = "none", u32 = "none" })",                                              // 10
    R"(groups = [{ name = "g", label = { en = "G", ru = "Г" } }])",                             // 11
    R"(code_tables = [{ name = "t", codes = [{ value = 1, key = "on", label = { en = "On", ru = "Вкл" } }] }])",
    R"(blocks = [{ name = "b", address = 0, count = 20 },)",     // 13
    R"({ name = "m", address = 100, count = 8, every = 10 }])",  // 14
    R"(fields = [)",                                             // 15
    R"({ name = "w", address = 0, type = "u16", group = "g", unit = "V", label = { en = "W", ru = "С" } },)",  // 16
    R"({ name = "l", address = 2, type = "u32", group = "g", decimals = 1, label = { en = "L", ru = "Д" } },)",  // 17
    R"({ name = "c", address = 4, type = "enum", codes = "t", group = "g", label = { en = "C", ru = "К" } },)",  // 18
    R"({ name = "k", address = 5, type = "bit", bit = 1, group = "g", label = { en = "K", ru = "Б" } },)",  // 19
    R"({ name = "x", address = 100, type = "text", length = 8, group = "g", label = { en = "X", ru = "Т" } },)",  // 20
    R"(])",                                                                                      // 21
    R"(identity = [{ address = 6, type = "u16", equals = [7, 8] }])",                            // 22
    R"(firmware = { address = 7, type = "u16" })",                                               // 23
    R"(confirmed = false)",                                                                      // 24
    R"(seen = ["firmware 1, 2026, MKZ"])",                                                       // 25
    R"([[alarm_layouts]])",                                                                      // 26
    R"(name = "a")",                                                                             // 27
    R"(bits = [{ word = 0, bit = 2, code = "hot", label = { en = "Hot", ru = "Перегрев" } }])",  // 28
    R"([[alarm_groups]])",                                                                       // 29
    R"(name = "warning")",                                                                       // 30
    R"(class = "warning")",                                                                      // 31
    R"(first = 10)",                                                                             // 32
    R"(layout = "a")",                                                                           // 33
};

std::string file_with(std::size_t line, const std::string& piece, const std::string& other) {
  std::string text;
  for (std::size_t index = 0; index < good_file.size(); ++index) {
    std::string content = good_file[index];
    if (index + 1 == line) {
      const auto place = content.find(piece);
      EXPECT_NE(place, std::string::npos) << piece << " is not in line " << line;
      if (place != std::string::npos) content.replace(place, piece.size(), other);
    }
    text += content + "\n";
  }
  return text;
}

std::string outcome(const std::string& text) {
  try {
    Catalog::built_in().parse(text, "a.toml");
  } catch (const ProfileError& error) {
    return error.what();
  }
  return "accepted";
}

struct OneMistake {
  std::size_t line;
  std::string piece;
  std::string other;
  std::string shown;    // the value or key in the message
  std::string allowed;  // what the message says is allowed
};

const std::vector<OneMistake> one_mistakes{
    {1, R"("one")", "true", "name = true", "must be 1 to 64 of a-z, 0-9 and _, in quotes"},
    {1, R"("one")", R"("a-b")", R"(name = "a-b")", "must be 1 to 64 of a-z"},
    {1, R"("one")", R"("ю")", R"(name = "ю")", "must be 1 to 64 of a-z"},
    {3, R"("One")", "5", "en = 5", "must be a text in quotes, on one line, of at most 200 bytes"},
    {3, R"("One")", '"' + std::string(201, 'x') + '"', "en = \"xxx", "of at most 200 bytes"},
    {3, R"(en = "One", )", "", "a title has no en", "needed is a text in quotes"},
    {4, R"("generator")", "1", "device_type = 1", "must be generator or ats, in quotes"},
    {4, R"("generator")", R"("Generator")", R"(device_type = "Generator")", "must be generator or ats"},
    {5, R"("tcp")", "[]", "protocol = [...]", "must be tcp or rtu_over_tcp, in quotes"},
    {5, R"("tcp")", R"("TCP")", R"(protocol = "TCP")", "must be tcp or rtu_over_tcp"},
    {6, "= 0", "= -1", "probe_address = -1", "must be a whole number 0..65535"},
    {6, "= 0", R"(= "0")", R"(probe_address = "0")", "must be a whole number 0..65535"},
    {6, "= 0", "= {}", "probe_address = {...}", "must be a whole number 0..65535"},
    {7, "merge_limit = 125", R"(merge_limit = "125")", R"(merge_limit = "125")",
     "must be a whole number 1..125"},
    {7, "requests_in_flight = 4", "requests_in_flight = 0", "requests_in_flight = 0",
     "must be a whole number 1..16"},
    {7, "gap_max = 0", "gap_max = -1", "gap_max = -1", "must be a whole number 0..125"},
    {7, "gap_max = 0", "whole_blocks = 0", "whole_blocks = 0", "must be true or false"},
    {8, "request_gap_ms = 50", "request_gap_ms = 10001", "request_gap_ms = 10001",
     "must be a whole number 0..10000"},
    {8, "request_gap_ms = 50, ", "", "a serial has no request_gap_ms", "needed is a whole number 0..10000"},
    {8, "requests_in_flight = 1", "requests_in_flight = true", "requests_in_flight = true", "must be"},
    {9, R"("high_first")", R"("low")", R"(word_order = "low")", "must be low_first or high_first, in quotes"},
    {9, R"("high_first")", "true", "word_order = true", "must be low_first or high_first, in quotes"},
    {10, R"(u16 = "none")", "u16 = true", "u16 = true",
     R"(must be "none", "from_32000", "marker" or a list)"},
    {10, R"(u16 = "none")", "u16 = [true]", "entry 1 of u16 = true", "must be a raw value"},
    {10, R"(u16 = "none")", "u16 = [[]]", "entry 1 of u16 = [...]", "must be a raw value"},
    {10, R"(u32 = "none")", "u32 = [0x100000000]", "0x100000000 has more than 32 bits",
     "must be 0xFFFFFFFF at most"},
    {11, R"(name = "g")", "name = 7", "name = 7", "must be 1 to 64 of a-z"},
    {11, R"(, label = { en = "G", ru = "Г" })", "", "a group has no label", "needed is { en"},
    {11, R"(name = "g")", R"(name = "g", unit = "V")", R"(unknown key "unit" in a group)",
     "allowed are name, label"},
    {12, "value = 1", "value = 4294967296", "value = 4294967296",
     "must be a whole number -2147483648..4294967295"},
    {12, "value = 1", "value = 1.5", "value = 1.5", "must be a whole number"},
    {12, R"(key = "on")", R"(key = "On")", R"(key = "On")", "must be 1 to 64 of a-z"},
    {12, R"(key = "on", )", "", "a code has no key", "needed is 1 to 64 of a-z"},
    {12, R"(key = "on")", R"(key = "on", mask = 1)", R"(unknown key "mask" in a code)",
     "allowed are value, key, label"},
    {12, R"(name = "t")", R"(name = "t", bits = 1)", R"(unknown key "bits" in a code table)",
     "allowed are name, codes"},
    {13, "count = 20", R"(count = "20")", R"(count = "20")", "must be a whole number 1..125"},
    {13, "count = 20", R"(table = "coils", count = 20)", "block b has 20 bits",
     "must be at most 16, or at least 25"},
    {13, "count = 20", "count = -1", "count = -1", "must be a whole number 1..125"},
    {13, "address = 0", "address = 65536", "address = 65536", "must be a whole number 0..65535"},
    {13, "count = 20", "length = 20", R"(unknown key "length" in a block)",
     "allowed are name, address, count"},
    {14, "every = 10", R"(every = "10")", R"(every = "10")", "must be a whole number 1..1000"},
    {14, "every = 10", "every = true", "every = true", "must be a whole number 1..1000"},
    {16, R"("u16")", R"("U16")", R"(type = "U16")", "must be u16 or i16"},
    {16, R"("u16")", "16", "type = 16", "must be u16 or i16"},
    {16, R"(type = "u16", )", "", "a field has no type", "needed is u16 or i16"},
    {16, R"("V")", R"("volt")", R"(unit = "volt")", "must be one of V, kV, A"},
    {16, "address = 0", "address = 70000", "address = 70000", "must be a whole number 0..65535"},
    {16, "address = 0", R"(address = 0, sign = 1)", "sign = 1", "must be always or negative, in quotes"},
    {16, R"(type = "u16")", R"(type = "u16", raw_min = "1")", R"(raw_min = "1")", "must be a whole number"},
    {16, R"(group = "g")", "group = 1", "group = 1", "must be 1 to 64 of a-z"},
    {17, "decimals = 1", "decimals = 1.0", "decimals = 1.0", "must be a whole number 0..6"},
    {17, "decimals = 1", R"(decimals = "1")", R"(decimals = "1")", "must be a whole number 0..6"},
    {17, "decimals = 1", "encoding = \"utf8\"", "encoding does not fit u32",
     "must be in a field of type text"},
    {18, R"(codes = "t")", "codes = 1", "codes = 1", "must be 1 to 64 of a-z"},
    {19, "bit = 1", "bit = -1", "bit = -1", "must be a whole number 0..15"},
    {19, "bit = 1", R"(bit = "1")", R"(bit = "1")", "must be a whole number 0..15"},
    {20, "length = 8", "length = 33", "length = 33", "must be a whole number 1..32"},
    {20, "length = 8", "length = 0", "length = 0", "must be a whole number 1..32"},
    {20, "length = 8", R"(length = 8, encoding = "latin1")", R"(encoding = "latin1")",
     "must be ascii or utf8"},
    {22, "equals = [7, 8]", "equals = []", "equals = [...]", "must be a list of whole numbers or texts"},
    {22, "equals = [7, 8]", "equals = 7", "equals = 7", "must be a list of whole numbers or texts"},
    {22, "equals = [7, 8]", R"(begins_with = "7")", "begins_with does not fit u16", "must be equals"},
    {22, ", equals = [7, 8]", "", "identity: one of equals and begins_with", "is needed"},
    {22, R"("u16")", R"("f32")", R"(type = "f32")", "must be an integer type, bit, bitfield, bcd or text"},
    {22, "address = 6", "adress = 6", R"(unknown key "adress" in an identity)", "allowed are table, address"},
    {23, "address = 7", "address = -7", "address = -7", "must be a whole number 0..65535"},
    {23, "{ address = 7, type = \"u16\" }", "7", "firmware = 7", "must be a table"},
    {24, "false", R"("no")", R"(confirmed = "no")", "must be true or false"},
    {25, R"(["firmware 1, 2026, MKZ"])", "[5]", "seen = [...]", "must be a list of texts"},
    {25, R"(["firmware 1, 2026, MKZ"])", R"([""])", "seen = [...]", "must be a list of texts"},
    {28, "bit = 2", R"(bit = "2")", R"(bit = "2")", "must be a whole number 0..15"},
    {28, "word = 0", "word = -1", "word = -1", "must be a whole number 0..124"},
    {28, R"(code = "hot")", "code = 5", "code = 5", "must be 1 to 64 of a-z"},
    {32, "first = 10", R"(first = "10")", R"(first = "10")", "must be a whole number 0..65535"},
};

TEST(OneMistake, the_file_without_a_mistake_is_accepted) {
  EXPECT_EQ(outcome(file_with(1, "", "")), "accepted");
}

TEST(OneMistake, each_is_refused_with_file_line_value_and_what_is_allowed) {
  for (const OneMistake& mistake : one_mistakes) {
    const std::string message = outcome(file_with(mistake.line, mistake.piece, mistake.other));
    EXPECT_TRUE(message.starts_with(fmt::format("a.toml:{}: ", mistake.line)))
        << mistake.other << ": " << message;
    EXPECT_NE(message.find(mistake.shown), std::string::npos) << mistake.other << ": " << message;
    EXPECT_NE(message.find(mistake.allowed), std::string::npos) << mistake.other << ": " << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  }
}

}  // namespace
}  // namespace gensetd::profile
