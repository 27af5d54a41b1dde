#include "profile/catalog.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace gensetd::profile {
namespace {

// A small profile in which every kind of entry is on its own line.
const std::vector<std::string> good{
    R"(name = "small")",                                                              // 1
    R"(title = { en = "Small", ru = "Малый" })",                                      // 2
    R"(device_type = "ats")",                                                         // 3
    R"(protocol = "rtu_over_tcp")",                                                   // 4
    R"(probe_address = 7)",                                                           // 5
    R"(tcp = { merge_limit = 125, request_gap_ms = 0, requests_in_flight = 16 })",    // 6
    R"(serial = { merge_limit = 36, request_gap_ms = 50, requests_in_flight = 1 })",  // 7
    R"(groups = [{ name = "g", label = { en = "G", ru = "Г" } },)",                   // 8
    R"(  { name = "h", label = { en = "H", ru = "Х" } }])",                           // 9
    R"(blocks = [{ name = "b", address = 10, count = 4 },)",                          // 10
    R"(  { name = "c", address = 4, count = 2 }])",                                   // 11
    R"(fields = [)",                                                                  // 12
    R"(  { name = "f", address = 12, type = "u32", group = "g", decimals = 2, unit = "V", label = { en = "F", ru = "Ф" } },)",
    R"(  { name = "s", address = 4, type = "u16", group = "h", codes = "t", label = { en = "S", ru = "С" } },)",  // 14
    R"(  { name = "z", address = 5, type = "bit", bit = 3, group = "h", label = { en = "Z", ru = "З" } },)",  // 15
    R"(])",                                                                         // 16
    R"([[code_tables]])",                                                           // 17
    R"(name = "t")",                                                                // 18
    R"(codes = [{ value = 2, key = "two", label = { en = "Two", ru = "Два" } },)",  // 19
    R"(  { value = 1, key = "one", label = { en = "One", ru = "Один" } }])",        // 20
};

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

// The valid profile with one part of one line replaced.
std::string with(std::size_t line, const std::string& piece, const std::string& other) {
  std::vector<std::string> lines = good;
  std::string& changed = lines.at(line - 1);
  const std::size_t at = changed.find(piece);
  EXPECT_NE(at, std::string::npos) << piece << " is not in line " << line;
  if (at != std::string::npos) changed.replace(at, piece.size(), other);
  return joined(lines);
}

std::string refusal(const std::string& text) {
  try {
    Catalog::built_in().parse(text, "a.toml");
  } catch (const ProfileError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(ProfileFile, a_good_file_is_read_with_blocks_and_codes_in_ascending_order) {
  const ProfilePtr profile = Catalog::built_in().parse(joined(good), "a.toml");
  EXPECT_EQ(profile->name, "small");
  EXPECT_EQ(profile->title.ru, "Малый");
  EXPECT_EQ(profile->device_type, DeviceType::ats);
  EXPECT_EQ(profile->protocol, modbus::Protocol::rtu_over_tcp);
  EXPECT_EQ(profile->probe.address, 7);
  EXPECT_EQ(profile->tcp.requests_in_flight, 16);
  EXPECT_EQ(profile->serial.merge_limit, 36);
  EXPECT_EQ(profile->serial.request_gap, std::chrono::milliseconds(50));
  ASSERT_EQ(profile->blocks.size(), 2U);
  EXPECT_EQ(profile->blocks[0].name, "c");
  EXPECT_EQ(profile->blocks[1].address, 10);
  ASSERT_EQ(profile->fields.size(), 3U);
  const Field& f = profile->fields[0];
  EXPECT_EQ(f.name, "f");
  EXPECT_EQ(f.block, 1);
  EXPECT_EQ(f.decimals, 2);
  EXPECT_EQ(f.unit, "V");
  EXPECT_EQ(f.no_data, NoData::marker);
  EXPECT_EQ(profile->fields[1].block, 0);
  EXPECT_EQ(profile->fields[1].no_data, NoData::from_32000);
  EXPECT_EQ(profile->fields[1].codes, "t");
  EXPECT_EQ(profile->fields[2].bit, 3);
  EXPECT_EQ(profile->fields[2].no_data, NoData::none);
  ASSERT_EQ(profile->code_tables.size(), 1U);
  EXPECT_EQ(profile->code_tables[0].codes[0].key, "one");
  EXPECT_EQ(profile->code_tables[0].codes[1].label.ru, "Два");
}

struct Bad {
  std::string what;
  std::size_t line;  // the changed line, which the message must name
  std::string piece;
  std::string other;
  std::string message;
  std::size_t named = 0;  // the line that the message must name, if it is another
};

const std::vector<Bad> bad_files{
    {"syntax", 3, "\"ats\"", "ats", "not TOML: "},
    {"duplicate key", 3, "device_type", "name = \"x\"\nname", "not TOML: "},
    {"name missing", 1, "name = \"small\"", "", "a profile has no name: needed is 1 to 64 of a-z, 0-9 and _"},
    {"name with capital", 1, "small", "Small", "name = \"Small\": must be 1 to 64 of a-z, 0-9 and _"},
    {"name empty", 1, "small", "", "name = \"\": must be 1 to 64"},
    {"name too long", 1, "small", std::string(65, 'a'), "must be 1 to 64"},
    {"name with a line break", 1, "small", "a\\nb", "name = \"a?b\": must be"},
    {"name no text", 1, "\"small\"", "5", "name = 5: must be 1 to 64"},
    {"unknown key", 5, "probe_address", "prob_address",
     "unknown key \"prob_address\" in a profile: allowed are name, "},
    {"unknown base", 1, "name", "extends = \"nobody\"\nname",
     "extends = \"nobody\": there is no such profile: must be one of hgm9520n, hgm9560"},
    {"extends itself", 1, "name", "extends = \"small\"\nname", "profile small extends itself: must"},
    {"title missing", 2, "title", "#", "a profile has no title: needed is { en", 1},
    {"title no table", 2, "{ en = \"Small\", ru = \"Малый\" }", "\"Small\"",
     "title = \"Small\": must be { en"},
    {"title in one language", 2, ", ru = \"Малый\"", "", "a title has no ru: needed is a text"},
    {"title in a third language", 2,
     "ru = ", "de = \"Klein\", ru = ", "unknown key \"de\" in a title: allowed are en, ru"},
    {"title empty", 2, "\"Малый\"", "\"\"", "title: ru is empty"},
    {"title on two lines", 2, "Small", "Sma\\nll", "en = \"Sma?ll\": must be a text in quotes, on one line"},
    {"unknown device type", 3, "ats", "pump", "device_type = \"pump\": must be generator or ats"},
    {"unknown protocol", 4, "rtu_over_tcp", "rtu", "protocol = \"rtu\": must be tcp or rtu_over_tcp"},
    {"probe address out of range", 5, "7", "65536", "probe_address = 65536: must be a whole number 0..65535"},
    {"probe address no number", 5, "7", "7.0", "probe_address = 7.0: must be a whole number"},
    {"merge limit 0", 6, "merge_limit = 125", "merge_limit = 0",
     "merge_limit = 0: must be a whole number 1..125"},
    {"merge limit 126", 7, "merge_limit = 36", "merge_limit = 126",
     "merge_limit = 126: must be a whole number 1..125"},
    {"merge limit missing", 7, "merge_limit = 36, ", "", "a serial has no merge_limit: needed is"},
    {"gap negative", 7, "50", "-1", "request_gap_ms = -1: must be a whole number 0..10000"},
    {"17 in flight", 6, "16", "17", "requests_in_flight = 17: must be a whole number 1..16"},
    {"2 in flight on a serial line", 7, "flight = 1", "flight = 2", "requests_in_flight = 2: must be 1"},
    {"transport no table", 6, "{ merge_limit = 125, request_gap_ms = 0, requests_in_flight = 16 }", "1",
     "tcp = 1: must be a table"},
    {"groups no list", 8, "groups = [", "groups = 3 #", "not TOML", 9},
    {"group twice", 9, "\"h\"", "\"g\"", "group g exists already: must be a new name"},
    {"group no table", 9, "{ name = \"h\", label = { en = \"H\", ru = \"Х\" } }", "\"h\"",
     "a group is \"h\": must be a table with the keys name, label"},
    {"block twice", 11, "\"c\"", "\"b\"", "block b exists already"},
    {"block of 0", 11, "count = 2", "count = 0", "count = 0: must be a whole number 1..125"},
    {"block of 126", 11, "count = 2", "count = 126", "count = 126: must be a whole number 1..125"},
    {"block behind the last register", 11, "address = 4, count = 2", "address = 65535, count = 2",
     "block c ends after register 65535"},
    {"blocks overlap", 11, "count = 2", "count = 7",
     "blocks c (4..10) and b (10..13) overlap: each register must"},
    {"block inside another", 11, "address = 4, count = 2", "address = 11, count = 1",
     "blocks b (10..13) and c (11..11) overlap"},
    {"field without address", 13, "address = 12, ", "",
     "a field has no address: needed is a whole number 0..65535"},
    {"address is a text", 13, "12", "\"12\"", "address = \"12\": must be a whole number 0..65535"},
    {"field outside the blocks", 14, "address = 4", "address = 6",
     "field s has u16 at 6..6, which is not inside one block"},
    {"second register outside", 13, "address = 12", "address = 13",
     "field f has u32 at 13..14, which is not inside"},
    {"unknown type", 13, "u32", "u64", "type = \"u64\": must be u16 or i16 or u32 or i32 or bit"},
    {"bit 16", 15, "bit = 3", "bit = 16", "bit = 16: must be a whole number 0..15"},
    {"bit missing", 15, "bit = 3, ", "", "a field has no bit: needed is a whole number 0..15"},
    {"bit of a number", 14, "codes", "bit = 1, codes", "bit is only allowed in a field of type bit"},
    {"bit with decimals", 15, "bit = 3", "bit = 3, decimals = 1",
     "field z: a bit must not have raw_min, raw_max or decimals"},
    {"7 decimals", 13, "decimals = 2", "decimals = 7", "decimals = 7: must be a whole number 0..6"},
    {"decimals negative", 13, "decimals = 2", "decimals = -1", "decimals = -1: must be"},
    {"unknown group", 13, "\"g\"", "\"x\"", "there is no group \"x\": must be one of g, h"},
    {"unknown codes", 14, "\"t\"", "\"x\"", "there is no code table \"x\": must be one of t"},
    {"unknown rule", 13, "decimals", "no_data = \"never\", decimals",
     "no_data = \"never\": must be none or from_32000 or marker"},
    {"marker on 16 bits", 14, "codes", "no_data = \"marker\", codes",
     "field s: no_data = \"marker\" does not fit u16: must be none or from_32000"},
    {"32000 on 32 bits", 13, "decimals", "no_data = \"from_32000\", decimals",
     "field f: no_data = \"from_32000\" does not fit u32: must be none or marker"},
    {"32000 on a bit", 15, "bit = 3", "bit = 3, no_data = \"from_32000\"", "does not fit bit: must be none"},
    {"limit that does not fit", 14, "codes", "raw_min = -1, codes",
     "field s: raw_min = -1 does not fit u16: must be a whole number 0..65535"},
    {"limits crossed", 14, "codes", "raw_min = 9, raw_max = 8, codes", "raw_min = 9 is above raw_max = 8"},
    {"field twice", 14, "\"s\"", "\"f\"", "field f exists already"},
    {"same value twice", 14, "address = 4, type = \"u16\"", "address = 5, type = \"bit\", bit = 3",
     "fields s and z are the same value, bit at 5", 15},
    {"unit no text", 13, "\"V\"", "true", "unit = true: must be a text"},
    {"unknown key of a field", 15, "bit = 3", "bit = 3, scale = 0.1",
     "unknown key \"scale\" in a field: allowed are name, "},
    {"field without label", 13, ", label = { en = \"F\", ru = \"Ф\" }", "",
     "a field has no label: needed is { en"},
    {"field without group", 13, "group = \"g\", ", "", "a field has no group"},
    {"code twice", 20, "value = 1", "value = 2", "code 2 exists already"},
    {"code word twice", 20, "\"one\"", "\"two\"", "code two exists already"},
    {"code value is a text", 20, "value = 1", "value = \"1\"", "value = \"1\": must be a whole number"},
};

TEST(ProfileFile, a_bad_file_is_refused_with_its_line_and_what_is_allowed) {
  for (const Bad& bad : bad_files) {
    const std::string message = refusal(with(bad.line, bad.piece, bad.other));
    const std::size_t line = bad.named != 0 ? bad.named : bad.line;
    EXPECT_TRUE(message.starts_with(fmt::format("a.toml:{}: ", line))) << bad.what << ": " << message;
    EXPECT_NE(message.find(bad.message), std::string::npos) << bad.what << ": " << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << bad.what << ": " << message;
  }
}

TEST(ProfileFile, a_field_must_not_have_a_key_of_the_reading) {
  for (const std::string name : {"device_id", "site_code", "device_type", "timestamp", "online", "error",
                                 "last_seen", "seq", "epoch"}) {
    EXPECT_EQ(
        refusal(with(15, "\"z\"", '"' + name + '"')),
        fmt::format("a.toml:15: a field is named {}, a key of every reading: must be another name", name));
  }
}

TEST(ProfileFile, every_key_except_the_code_tables_is_required) {
  for (const std::string key : {"title", "device_type", "protocol", "probe_address", "tcp", "serial"}) {
    std::string text;
    for (const std::string& line : good) text += (line.starts_with(key) ? "" : line) + "\n";
    EXPECT_TRUE(refusal(text).starts_with("a.toml:1: a profile has no " + key + ": needed is "))
        << refusal(text);
  }
  EXPECT_EQ(refusal("name = \"x\"").find("a.toml:1: a profile has no title"), 0U);
  EXPECT_EQ(refusal(""), "a.toml:1: a profile has no name: needed is 1 to 64 of a-z, 0-9 and _, in quotes");
}

TEST(ProfileFile, a_code_and_its_bits_may_share_a_register) {
  EXPECT_EQ(refusal(with(14, "address = 4", "address = 5")), "accepted");
  EXPECT_EQ(refusal(with(14, "address = 4, type = \"u16\"", "address = 5, type = \"bit\", bit = 4")),
            "accepted");
}

TEST(ProfileFile, any_prefix_of_a_good_file_is_refused_or_read) {
  const std::string text = joined(good);
  for (std::size_t length = 0; length < text.size(); ++length) {
    const std::string message = refusal(text.substr(0, length));
    EXPECT_TRUE(message == "accepted" || message.starts_with("a.toml:")) << length << ": " << message;
  }
}

}  // namespace
}  // namespace gensetd::profile
