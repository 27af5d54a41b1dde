#include "profile/alarm_points.hpp"
#include "profile/catalog.hpp"
#include "profile/profile_error.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

// Alarm points and optional blocks in profile files.
namespace gensetd::profile {
namespace {

const std::vector<std::string> good_lines{
    R"(name = "alarms")",                                                                       // 1
    R"(format = 2)",                                                                            // 2
    R"(title = { en = "A", ru = "А" })",                                                        // 3
    R"(device_type = "generator")",                                                             // 4
    R"(protocol = "tcp")",                                                                      // 5
    R"(probe_address = 0)",                                                                     // 6
    R"(probe_table = "holding")",                                                               // 7
    R"(no_data = { u16 = "none" })",                                                            // 8
    R"(tcp = { merge_limit = 125, request_gap_ms = 0, requests_in_flight = 1, gap_max = 0 })",  // 9
    R"(serial = { merge_limit = 36, request_gap_ms = 50, requests_in_flight = 1, whole_blocks = true })",  // 10
    R"(groups = [{ name = "g", label = { en = "G", ru = "Г" } }])",  // 11
    R"(code_tables = [{ name = "t", codes = [{ value = 3, key = "bad", label = { en = "B", ru = "Б" } }] }])",  // 12
    R"(blocks = [)",                                                                      // 13
    R"(  { name = "base", address = 0, count = 4 },)",                                    // 14
    R"(  { name = "words", address = 10, count = 8, when = ["common", "state:bad"] },)",  // 15
    R"(  { name = "slow", address = 20, count = 2, every = 5 },)",                        // 16
    R"(  { name = "flags", table = "coils", address = 0, count = 16 },)",                 // 17
    R"(  { name = "inputs", table = "input", address = 0, count = 4 },)",                 // 18
    R"(])",                                                                               // 19
    R"(fields = [)",                                                                      // 20
    R"(  { name = "common", address = 0, type = "bit", bit = 0, group = "g", label = { en = "C", ru = "О" } },)",  // 21
    R"(  { name = "state", address = 1, type = "enum", codes = "t", group = "g", label = { en = "S", ru = "С" } },)",  // 22
    R"(  { name = "flag", table = "coils", address = 7, type = "bit", group = "g", label = { en = "F", ru = "Ф" } },)",  // 23
    R"(  { name = "raw", table = "input", address = 3, type = "u16", group = "g", label = { en = "R", ru = "С" } },)",  // 24
    R"(  { name = "late", address = 20, type = "u16", group = "g", label = { en = "L", ru = "М" } },)",  // 25
    R"(])",                                                                                              // 26
    R"(alarms = [)",                                                                                     // 27
    R"(  { group = "single", address = 2, bit = 3, code = "one", label = { en = "One", ru = "Один" } },)",  // 28
    R"(  { group = "single", table = "coils", address = 8, code = "coil", input = 4, label = { en = "Coil", ru = "Бит" } },)",  // 29
    R"(  { group = "states", address = 17, mask = 0x00F0, code = "stop", values = { 2 = "warning", 3 = "shutdown" }, label = { en = "Stop", ru = "Стоп" } },)",  // 30
    R"(  { group = "single", address = 3, mask = 0x0101, code = "two", only_running = true, label = { en = "Two", ru = "Два" } },)",  // 31
    R"(])",                                                                                     // 32
    R"([[alarm_layouts]])",                                                                     // 33
    R"(name = "l")",                                                                            // 34
    R"(bits = [)",                                                                              // 35
    R"(  { word = 0, bit = 1, code = "low_oil", label = { en = "Low oil", ru = "Масло" } },)",  // 36
    R"(  { word = 1, bit = 15, code = "input_2", input = 2, label = { en = "Input 2", ru = "Вход 2" } },)",  // 37
    R"(])",                           // 38
    R"([[alarm_groups]])",            // 39
    R"(name = "shutdown")",           // 40
    R"(class = "shutdown")",          // 41
    R"(first = 10)",                  // 42
    R"(layout = "l")",                // 43
    R"(latched = true)",              // 44
    R"([[alarm_groups]])",            // 45
    R"(name = "warning")",            // 46
    R"(class = "warning")",           // 47
    R"(first = 12)",                  // 48
    R"(layout = "l")",                // 49
    R"(unnamed = true)",              // 50
    R"(confirmed = false)",           // 51
    R"(only_running = ["low_oil"])",  // 52
    R"([[alarm_groups]])",            // 53
    R"(name = "single")",             // 54
    R"(class = "warning")",           // 55
    R"(priority = 2)",                // 56
    R"([[alarm_groups]])",            // 57
    R"(name = "states")",             // 58
    R"([alarm_help.low_oil])",        // 59
    R"(en = "Add oil.")",             // 60
    R"(ru = "Долейте масло.")",       // 61
};

std::string text_with(std::size_t line, const std::string& piece, const std::string& other) {
  std::string text;
  for (std::size_t index = 0; index < good_lines.size(); ++index) {
    std::string content = good_lines[index];
    if (index + 1 == line) {
      const auto place = content.find(piece);
      if (place == std::string::npos) throw std::runtime_error(content + " has no " + piece);
      content.replace(place, piece.size(), other);
    }
    text += content + "\n";
  }
  return text;
}

std::string good_text() { return text_with(1, "name", "name"); }

std::string verdict(const std::string& text) {
  try {
    Catalog::built_in().parse(text, "a.toml");
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
    {7, R"("holding")", R"("register")",
     R"(7: probe_table = "register": must be holding or input or coils or discrete, in quotes)"},
    {9, "gap_max = 0", "gap_max = 126", "9: gap_max = 126: must be a whole number 0..125"},
    {9, "gap_max = 0", "gap = 0",
     R"(9: unknown key "gap" in a tcp: allowed are merge_limit, request_gap_ms, requests_in_flight, gap_max, whole_blocks)"},
    {10, "whole_blocks = true", "whole_blocks = 1", "10: whole_blocks = 1: must be true or false"},
    {14, "address = 0", R"(address = 0, every = 2)",
     R"(15: when: field common is in block base, which is not read in each cycle: must be in a block without every and when)"},
    {15, R"(when = ["common", "state:bad"])", "when = []",
     R"(15: when = [...]: must be a list of conditions such as ["any_alarm", "state:fault"])"},
    {15, R"(when = ["common", "state:bad"])", R"(when = "common")",
     R"(15: when = "common": must be a list of conditions such as ["any_alarm", "state:fault"])"},
    {15, R"(when = ["common", "state:bad"])", "when = [1]",
     R"(15: when = [...]: must be a list of conditions such as ["any_alarm", "state:fault"])"},
    {15, R"("common")", R"("comon")",
     R"(15: when: there is no field "comon": must be a bit, or a code such as "state:fault")"},
    {15, R"("common")", R"("raw")",
     R"(15: when: field raw is u16, no bit: must be a bit, or have a code behind a colon)"},
    {15, R"("common")", R"("late")",
     R"(15: when: field late is u16, no bit: must be a bit, or have a code behind a colon)"},
    {15, R"("state:bad")", R"("state:good")",
     R"(15: when: code table t has no code "good": must be one of bad)"},
    {15, R"("state:bad")", R"("state:")", R"(15: when: code table t has no code "": must be one of bad)"},
    {15, R"("state:bad")", R"("raw:bad")", R"(15: when: field raw has no codes: must be a field with codes)"},
    {15, R"(when = [)", R"(every = 1, when = [)",
     "15: block words has every = 1 and when: it is read in each cycle, so one of them must be left out"},
    {15, "count = 8", "count = 126", "15: count = 126: must be a whole number 1..125"},
    {15, "count = 8", "count = 11",
     "16: blocks words (10..20) and slow (20..21) overlap: each register must be in one block at most"},
    {16, "every = 5", "every = 0", "16: every = 0: must be a whole number 1..1000"},
    {16, "every = 5", "every = 1001", "16: every = 1001: must be a whole number 1..1000"},
    {17, R"("coils")", R"("coil")",
     R"(17: table = "coil": must be holding or input or coils or discrete, in quotes)"},
    {17, "count = 16", "count = 2001", "17: count = 2001: must be a whole number 1..2000"},
    {17, "address = 0", "address = 65530", "17: block flags ends after bit 65535: must end at 65535 at most"},
    {18, "table = \"input\", ", "",
     "18: blocks base (0..3) and inputs (0..3) overlap: each register must be in one block at most"},
    {23, R"(type = "bit")", R"(type = "bit", bit = 0)",
     "23: bit is stated in table coils, whose addresses are bits: must be left out"},
    {23, R"(type = "bit")", R"(type = "u16")",
     "23: field flag is u16 in table coils, whose addresses are bits: must be bit"},
    {23, "address = 7", "address = 16",
     "23: field flag has bit at coils 16..16, which is not inside one block: must be inside"},
    {24, "address = 3", "address = 4",
     "24: field raw has u16 at input 4..4, which is not inside one block: must be inside"},
    {24, R"(table = "input")", R"(table = 4)",
     "24: table = 4: must be holding or input or coils or discrete, in quotes"},
    {25, R"(type = "u16",)", R"(type = "u16", role = "alarm.count",)",
     R"(25: field late with role = "alarm.count" is in block slow, which is not read in each cycle: must be in a block without every and when)"},
    {28, R"("single")", R"("other")",
     R"(28: there is no alarm group "other": must be one of shutdown, warning, single, states)"},
    {28, "address = 2", "address = 9",
     "28: alarm single.one is at 9, which is in no block: must be inside one"},
    {28, "bit = 3", "bit = 16", "28: bit = 16: must be a whole number 0..15"},
    {28, "bit = 3", "bit = 3, mask = 8", "28: an alarm has bit and mask: one of them must be left out"},
    {28, "bit = 3", "mask = 0", "28: mask = 0: must be a whole number 1..65535"},
    {28, "bit = 3, ", "", "28: an alarm has no bit: needed is a whole number 0..15"},
    {28, R"(code = "one")", R"(code = "One")",
     R"(28: code = "One": must be 1 to 64 of a-z, 0-9 and _, in quotes)"},
    {28, R"(code = "one")", R"(code = "two")",
     "31: two alarms have the code single.two: one of them must differ"},
    {28, R"(, ru = "Один")", "",
     R"(28: a label has no ru: needed is a text in quotes, on one line, of at most 200 bytes)"},
    {28, "bit = 3", "bit = 3, zoom = 1",
     R"(28: unknown key "zoom" in an alarm: allowed are group, table, address, bit, mask, values, code, label, input, priority, latched, confirmed, only_running)"},
    {28, "bit = 3", "bit = 3, priority = 4", "28: priority = 4: must be a whole number 1..3"},
    {28, "bit = 3", "bit = 3, latched = 1", "28: latched = 1: must be true or false"},
    {29, "address = 8", "address = 8, bit = 1",
     "29: bit is stated in table coils, whose addresses are bits: must be left out"},
    {29, "address = 8", "address = 16",
     "29: alarm single.coil is at coils 16, which is in no block: must be inside one"},
    {29, "input = 4", "input = 33", "29: input = 33: must be a whole number 1..32"},
    {29, "input = 4", "input = 0", "29: input = 0: must be a whole number 1..32"},
    {30, "0x00F0", "0x0F0F", "30: mask = 3855: must be set bits that are neighbours, such as 0x00F0"},
    {30, "2 = ", "16 = ", R"(30: values: "16" does not fit the mask: must be a whole number 0..15)"},
    {30, "2 = ", "two = ", R"(30: values: "two" does not fit the mask: must be a whole number 0..15)"},
    {30, R"("warning")", R"("bad")",
     R"(30: values: 2 = "bad": must be shutdown or trip_stop or trip or safety_trip_stop or safety_trip or block or mains_trip or warning or indication, in quotes)"},
    {30, R"({ 2 = "warning", 3 = "shutdown" })", "{}",
     R"(30: values = {...}: must be a table of values and classes such as { 2 = "warning", 3 = "shutdown" })"},
    {30, R"(, values = { 2 = "warning", 3 = "shutdown" })", "",
     "30: alarm group states has no class: needed are values, or a class of the group"},
    {30, R"(code = "stop")", R"(code = "stop", only_running = true)",
     "30: only_running: value 3 is of class shutdown, which stops or trips the set and must always be "
     "reported: must be of class warning or indication"},
    {31, "address = 3, mask = 0x0101", "address = 2, bit = 3",
     "31: alarms single.one and single.two are the same bit, register 2, bit 3: one of them must differ"},
    {34, R"("l")", R"("k")", R"(43: there is no alarm layout "l": must be one of k)"},
    {36, "word = 0", "word = 125", "36: word = 125: must be a whole number 0..124"},
    {36, "bit = 1,", "bit = 16,", "36: bit = 16: must be a whole number 0..15"},
    {36, "word = 0, bit = 1,", "word = 1, bit = 15,",
     "37: bit 15 of word 1 exists already: must be a new name"},
    {37, R"("input_2")", R"("low_oil")", R"(37: alarm low_oil exists already: must be a new name)"},
    {41, R"("shutdown")", R"("stop")",
     R"(41: class = "stop": must be shutdown or trip_stop or trip or safety_trip_stop or safety_trip or block or mains_trip or warning or indication, in quotes)"},
    {41, R"(class = "shutdown")", "",
     "43: alarm group shutdown has a layout and no class: needed is a class"},
    {42, "10", "65535", "42: alarm group shutdown ends behind register 65535: must end at 65535 at most"},
    {42, "10", "17", "39: alarm shutdown.input_2 is at 18, which is in no block: must be inside one"},
    {42, "first = 10", "", "39: an alarm group has no first: needed is a whole number 0..65535"},
    {43, R"(layout = "l")", "", "42: first is only allowed with layout: must be left out"},
    {46, R"("warning")", R"("shutdown")", R"(46: alarm group shutdown exists already: must be a new name)"},
    {48, "12", "10",
     "45: alarms shutdown.low_oil and warning.low_oil are the same bit, register 10, bit 1: one of them must "
     "differ"},
    {50, "true", R"("yes")", R"(50: unnamed = "yes": must be true or false)"},
    {52, R"(["low_oil"])", R"(["oil"])",
     R"(52: only_running: the layout of alarm group warning has no alarm "oil": must be a code of it)"},
    {52, R"(["low_oil"])", "[1]", "52: only_running = [...]: must be a list of codes of the layout"},
    {52, "only_running", R"(only)",
     R"(52: unknown key "only" in an alarm group: allowed are name, class, first, table, layout, unnamed, only_running, priority, latched, confirmed)"},
    {47, R"("warning")", R"("block")",
     "52: only_running: low_oil is of class block, which stops or trips the set and must always be reported: "
     "must be of class warning or indication"},
    {56, "2", "0", "56: priority = 0: must be a whole number 1..3"},
    {59, "low_oil", "oil", R"(59: alarm_help: there is no alarm "oil": must be the code of one)"},
    {60, R"(en = "Add oil.")", R"(de = "Oel")", R"(60: unknown key "de" in a low_oil: allowed are en, ru)"},
    {60, R"("Add oil.")", R"("")", R"(60: low_oil: en is empty: must be a text)"},
};

TEST(AlarmFile, each_mistake_is_refused_with_line_value_and_what_is_allowed) {
  ASSERT_EQ(verdict(good_text()), "accepted");
  for (const Mistake& mistake : mistakes) {
    EXPECT_EQ(verdict(text_with(mistake.line, mistake.piece, mistake.other)), "a.toml:" + mistake.message)
        << mistake.line << ": " << mistake.other;
  }
}

TEST(AlarmFile, more_than_eight_conditions_are_refused) {
  std::string more = R"("common")";
  std::string codes;
  for (int index = 0; index < 8; ++index) {
    more += ", \"state:c" + std::to_string(index) + "\"";
    codes += ", { value = " + std::to_string(10 + index) + ", key = \"c" + std::to_string(index) +
             R"(", label = { en = "C", ru = "С" } })";
  }
  std::string text = text_with(15, R"("common", "state:bad")", more);
  const std::string end_of_codes = R"("Б" } })";
  text.insert(text.find(end_of_codes) + end_of_codes.size(), codes);
  EXPECT_EQ(verdict(text),
            R"(a.toml:15: when: "state:c7" is condition 9 of the profile: must be 8 different ones at most)");
}

TEST(AlarmFile, blocks_that_are_always_read_come_first) {
  const auto map = Catalog::built_in().parse(good_text(), "a.toml");
  std::string names;
  for (const Block& block : map->blocks) names += block.name + " ";
  EXPECT_EQ(names, "flags base inputs words slow ");
  EXPECT_EQ(map->fields[2].block, 0);
  EXPECT_EQ(map->conditions.size(), 2U);
  EXPECT_EQ(map->blocks[3].conditions, 3);
}

const AlarmPoint& point(const Profile& map, const std::string& code) {
  const auto found = std::ranges::find(map.alarm_points, "alarm:" + code, &AlarmPoint::code);
  if (found == map.alarm_points.end()) throw std::runtime_error("no alarm " + code);
  return *found;
}

TEST(AlarmFile, points_have_the_properties_of_their_groups) {
  const auto map = Catalog::built_in().parse(good_text(), "a.toml");
  const AlarmPoint& shutdown = point(*map, "shutdown.low_oil");
  EXPECT_EQ(shutdown.priority, 1);
  EXPECT_TRUE(shutdown.is_latched);
  EXPECT_FALSE(shutdown.only_running);
  EXPECT_EQ(text_of(shutdown, shutdown.label),
            (Text{"Low oil; reset at the panel", "Масло; сброс на панели"}));
  EXPECT_EQ(shutdown.help.en, "Add oil.");
  const AlarmPoint& warning = point(*map, "warning.low_oil");
  EXPECT_EQ(warning.priority, 3);
  EXPECT_TRUE(warning.only_running);
  EXPECT_EQ(warning.word, modbus::holding_register(12));
  EXPECT_EQ(text_of(warning, warning.label),
            (Text{"Low oil (register 12, bit 1)", "Масло (регистр 12, бит 1)"}));
  EXPECT_EQ(point(*map, "warning.word_1_bit_3").label.en, "Alarm without a name in the register map");
  EXPECT_EQ(point(*map, "warning.input_2").input, 2);
  EXPECT_EQ(point(*map, "single.one").priority, 2);
  EXPECT_EQ(point(*map, "states.stop.shutdown").priority, 1);
  EXPECT_EQ(point(*map, "states.stop.warning").value, 2);
  EXPECT_EQ(point(*map, "single.coil").word, (modbus::TableAddress{modbus::Function::coils, 8}));
}

TEST(AlarmFile, a_profile_that_extends_inherits_and_removes_alarms) {
  const Catalog catalog = Catalog::built_in();
  const auto plain = catalog.parse("name = \"mine\"\nextends = \"hgm9520n\"\n", "mine.toml");
  EXPECT_EQ(plain->alarm_points.size(), catalog.find("hgm9520n")->alarm_points.size());
  const auto less = catalog.parse(
      "name = \"mine\"\nextends = \"hgm9520n\"\nformat = 2\nremove = { alarms = [\"warning.input_1\"] }\n",
      "mine.toml");
  EXPECT_EQ(less->alarm_points.size() + 1, plain->alarm_points.size());
  try {
    catalog.parse(
        "name = \"mine\"\nextends = \"hgm9520n\"\nformat = 2\nremove = { alarms = [\"warning.x\"] }\n",
        "mine.toml");
    FAIL();
  } catch (const ProfileError& error) {
    EXPECT_STREQ(
        error.what(),
        "mine.toml:4: remove: the profile that is extended has no alarm \"warning.x\": must have it");
  }
}

TEST(AlarmFile, a_removal_that_an_inherited_part_needs_names_the_line_of_extends) {
  const auto verdict = [](const std::string& removed) -> std::string {
    try {
      Catalog::built_in().parse(
          "name = \"mine\"\nextends = \"hgm9520n\"\nformat = 2\nremove = { " + removed + " }\n", "mine.toml");
    } catch (const ProfileError& error) {
      return error.what();
    }
    return "accepted";
  };
  EXPECT_EQ(verdict(R"(fields = ["alarm_common"])"),
            "mine.toml:2: when: there is no field \"alarm_common\": must be a bit, or a code such as "
            "\"state:fault\"");
  EXPECT_EQ(
      verdict(R"(blocks = ["breaker"])"),
      "mine.toml:2: field mains_normal has bit at 114..114, which is not inside one block: must be inside");
}

// Each raw value of each word: exactly the points of the set bits are on.
TEST(AlarmPoints, exactly_the_points_of_set_bits_are_on) {
  for (const char* name : {"hgm9520n", "hgm9560"}) {
    const auto map = Catalog::built_in().find(name);
    for (const AlarmWord& word : map->alarm_words) {
      std::map<unsigned, const AlarmPoint*> by_bit;
      for (std::uint32_t index = word.first_point; index < word.end_point; ++index) {
        const AlarmPoint& one = map->alarm_points[index];
        ASSERT_EQ(one.word, word.place);
        for (unsigned bit = 0; bit < 16; ++bit) {
          if (one.mask == 1U << bit) by_bit[bit] = &one;
        }
      }
      ASSERT_EQ(by_bit.size(), word.end_point - word.first_point);
      for (unsigned raw = 0; raw <= 0xFFFF; ++raw) {
        for (const auto& [bit, one] : by_bit)
          ASSERT_EQ(one->is_on(static_cast<std::uint16_t>(raw)), (raw >> bit & 1U) != 0) << one->code << raw;
      }
    }
  }
}

TEST(AlarmPoints, a_value_is_compared_after_its_mask) {
  const AlarmPoint point{.mask = 0x00F0, .value = 3};
  for (unsigned raw = 0; raw <= 0xFFFF; ++raw)
    ASSERT_EQ(point.is_on(static_cast<std::uint16_t>(raw)), (raw >> 4 & 0xFU) == 3) << raw;
}

// design/controllers.md, appendices A and B: counted by hand.
TEST(AlarmPoints, built_in_maps_have_the_transcribed_alarms) {
  const auto genset = Catalog::built_in().find("hgm9520n");
  const auto is_named = [](const AlarmPoint& point) {
    return point.code.find(".word_") == std::string::npos;
  };
  EXPECT_EQ(std::ranges::count_if(genset->alarm_points, is_named), 5 * 83);
  EXPECT_EQ(genset->alarm_points.size(), 5U * 6 * 16);
  EXPECT_EQ(place_of(point(*genset, "shutdown.low_oil_pressure")).en, "register 2, bit 13");
  EXPECT_EQ(place_of(point(*genset, "warning.input_8")).en, "register 96, bit 7");
  const auto ats = Catalog::built_in().find("hgm9560");
  EXPECT_EQ(ats->alarm_points.size(), 26U + 5 * 8);
  EXPECT_EQ(place_of(point(*ats, "trip_stop.input_8")).ru, "регистр 12, бит 11");
  for (const auto& map : {genset, ats}) {
    std::set<std::string> helped;
    for (const AlarmPoint& one : map->alarm_points) {
      EXPECT_FALSE(one.is_confirmed) << one.code;
      if (!one.help.en.empty()) helped.insert(one.help.en);
      EXPECT_EQ(one.priority.has_value(), one.alarm_class != AlarmClass::indication) << one.code;
    }
    EXPECT_GE(helped.size(), map == genset ? 20U : 5U);
  }
}

}  // namespace
}  // namespace gensetd::profile
