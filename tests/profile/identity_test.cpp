#include "profile/identity.hpp"

#include "profile/catalog.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

namespace gensetd::profile {
namespace {

using modbus::Function;
using modbus::Protocol;
using modbus::RawValues;
using modbus::ReadRequest;

// A profile with these lines at its end.
ProfilePtr profile_with(const std::string& lines, const std::string& transport = {}) {
  return Catalog::built_in().parse(R"(name = "it"
format = 2
title = { en = "It", ru = "Оно" }
device_type = "generator"
protocol = "tcp"
probe_address = 0
tcp = { merge_limit = 125, request_gap_ms = 0, requests_in_flight = 1 )" +
                                       transport + R"( }
serial = { merge_limit = 8, request_gap_ms = 50, requests_in_flight = 1 }
word_order = "high_first"
no_data = { u16 = "none", i16 = "none", u32 = "none", u64 = "none" }
groups = [{ name = "g", label = { en = "G", ru = "Г" } }]
blocks = [{ name = "b", address = 0, count = 8 }]
fields = [{ name = "word", address = 0, type = "u16", group = "g", label = { en = "w", ru = "с" } }]
)" + lines,
                                   "it.toml");
}

ProfilePtr with_rule(const std::string& rule) { return profile_with("identity = [{ " + rule + " }]\n"); }

RawValues registers_from(std::uint16_t first, const std::vector<std::uint16_t>& words,
                         Function table = Function::holding_registers) {
  RawValues registers;
  for (const std::uint16_t word : words) registers[{table, first++}] = word;
  return registers;
}

// Registers of a text, two bytes in each, filled with zeros.
RawValues text_from(std::uint16_t first, std::string bytes, std::size_t length) {
  bytes.resize(2 * length, '\0');
  std::vector<std::uint16_t> words;
  for (std::size_t index = 0; index < bytes.size(); index += 2)
    words.push_back(static_cast<std::uint16_t>(static_cast<unsigned char>(bytes[index]) << 8U |
                                               static_cast<unsigned char>(bytes[index + 1])));
  return registers_from(first, words);
}

struct Row {
  const char* name;
  std::string rule;
  RawValues registers;
  IdentityVerdict verdict;
  const char* reason;
};

TEST(Identity, verdict_names_the_value_that_came) {
  const std::string agc = R"(address = 770, type = "text", length = 6, begins_with = "AGC")";
  const std::string exact = R"(address = 770, type = "text", length = 6, equals = ["AGC 150", "AGC 200"])";
  const Row rows[] = {
      {"right", R"(address = 768, type = "u16", equals = [1])", registers_from(768, {1}),
       IdentityVerdict::match, "register 768 is 1"},
      {"wrong", R"(address = 768, type = "u16", equals = [1])", registers_from(768, {5}),
       IdentityVerdict::mismatch, "register 768 is 5, not 1"},
      {"one of three", R"(address = 10609, type = "u16", equals = [0xD300, 0xD500, 0xD700])",
       registers_from(10609, {0xD500}), IdentityVerdict::match, "register 10609 is 54528"},
      {"none of three", R"(address = 10609, type = "u16", equals = [1, 2, 3])", registers_from(10609, {0}),
       IdentityVerdict::mismatch, "register 10609 is 0, not 1, 2 or 3"},
      {"none of many", R"(address = 1, type = "u16", equals = [1, 2, 3, 4, 5, 6])", registers_from(1, {9}),
       IdentityVerdict::mismatch, "register 1 is 9, not 1, 2, 3, 4, \u2026"},
      {"negative", R"(address = 1, type = "i16", equals = [-2])", registers_from(1, {0xFFFE}),
       IdentityVerdict::match, "register 1 is -2"},
      {"words in the profile's order", R"(address = 768, type = "u32", equals = [65538])",
       registers_from(768, {1, 2}), IdentityVerdict::match, "registers 768..769 are 65538"},
      {"masked", R"(address = 7, type = "u16", mask = 0x00F0, equals = [3])", registers_from(7, {0xAB4C}),
       IdentityVerdict::mismatch, "register 7 (mask 0x00F0) is 4, not 3"},
      {"bit of a register", R"(address = 7, type = "bit", bit = 3, equals = [1])", registers_from(7, {7}),
       IdentityVerdict::mismatch, "register 7 bit 3 is 0, not 1"},
      {"digits that are none", R"(address = 7, type = "bcd", digits = 4, equals = [1234])",
       registers_from(7, {0x123A}), IdentityVerdict::mismatch, "register 7 is no number (0x123A), not 1234"},
      {"input register", R"(table = "input", address = 7, type = "u16", equals = [1])",
       registers_from(7, {2}, Function::input_registers), IdentityVerdict::mismatch,
       "input register 7 is 2, not 1"},
      {"coil", R"(table = "coils", address = 7, type = "bit", equals = [1])",
       registers_from(7, {1}, Function::coils), IdentityVerdict::match, "coil 7 is 1"},
      {"discrete input", R"(table = "discrete", address = 7, type = "bit", equals = [1])",
       registers_from(7, {0}, Function::discrete_inputs), IdentityVerdict::mismatch,
       "discrete input 7 is 0, not 1"},
      {"same address of another table", R"(table = "input", address = 7, type = "u16", equals = [1])",
       registers_from(7, {1}), IdentityVerdict::unread, "input register 7 was not read"},
      {"text begins", agc, text_from(770, "AGC 150", 6), IdentityVerdict::match,
       "registers 770..775 are \"AGC 150\""},
      {"text of another", agc, text_from(770, "DSE7320", 6), IdentityVerdict::mismatch,
       "registers 770..775 are \"DSE7320\", which does not begin with \"AGC\""},
      {"text that is shorter", agc, text_from(770, "AG", 6), IdentityVerdict::mismatch,
       "registers 770..775 are \"AG\", which does not begin with \"AGC\""},
      {"text equals", exact, text_from(770, "AGC 200  ", 6), IdentityVerdict::match,
       "registers 770..775 are \"AGC 200\""},
      {"text only begins", exact, text_from(770, "AGC 2000", 6), IdentityVerdict::mismatch,
       "registers 770..775 are \"AGC 2000\", not \"AGC 150\" or \"AGC 200\""},
      {"text with bytes of another charset", agc,
       text_from(770,
                 "A\xffG\xfe"
                 "C",
                 6),
       IdentityVerdict::mismatch,
       "registers 770..775 are \"AGC\" with bytes that are no text, which does not begin with \"AGC\""},
      {"text with control characters", agc,
       text_from(770,
                 "AG\x07"
                 "C",
                 6),
       IdentityVerdict::mismatch,
       "registers 770..775 are \"AGC\" with bytes that are no text, which does not begin with \"AGC\""},
      {"rubbish", agc, text_from(770, "\x80\x81\x01\x02", 6), IdentityVerdict::mismatch,
       "registers 770..775 are \"\" with bytes that are no text, which does not begin with \"AGC\""},
      {"rubbish behind the first zero", agc, text_from(770, std::string("AGC\0\xff\x01", 6), 6),
       IdentityVerdict::match, "registers 770..775 are \"AGC\""},
      {"empty", agc, text_from(770, "", 6), IdentityVerdict::mismatch,
       "registers 770..775 are \"\", which does not begin with \"AGC\""},
      {"text with quotes", agc, text_from(770, "a\"b\\c", 6), IdentityVerdict::mismatch,
       "registers 770..775 are \"a\\\"b\\\\c\", which does not begin with \"AGC\""},
      {"long text", R"(address = 0, type = "text", length = 32, equals = ["x"])",
       text_from(0, std::string(64, 'a'), 32), IdentityVerdict::mismatch,
       "registers 0..31 are \"aaaaaaaaaaaaaaaaaaaaaaaa\u2026\", not \"x\""},
      {"long text of wide characters",
       R"(address = 0, type = "text", length = 32, encoding = "utf8", equals = ["x"])",
       text_from(0, "абвгдежзиклмнопрстуфхцчшщъыьэюя", 32), IdentityVerdict::mismatch,
       "registers 0..31 are \"абвгдежзиклмнопрстуфхцчш\u2026\", not \"x\""},
      {"escape sequence", R"(address = 0, type = "text", length = 4, encoding = "utf8", equals = ["x"])",
       text_from(0, "a\u009b2J", 4), IdentityVerdict::mismatch, "registers 0..3 are \"a?2J\", not \"x\""},
      {"half of a pair", R"(address = 0, type = "text", length = 2, encoding = "utf16", equals = ["a"])",
       registers_from(0, {'a', 0xD800}), IdentityVerdict::mismatch,
       "registers 0..1 are \"a\" with bytes that are no text, not \"a\""},
  };
  for (const Row& row : rows) {
    const auto identity = evaluate_identity(*with_rule(row.rule), row.registers, {});
    ASSERT_TRUE(identity) << row.name;
    EXPECT_EQ(identity->verdict, row.verdict) << row.name;
    EXPECT_EQ(identity->reason, row.reason) << row.name;
  }
}

// Whatever a register contains, only the value of the rule is a match.
TEST(Identity, each_raw_value_is_compared) {
  const ProfilePtr profile = with_rule(R"(address = 768, type = "u16", equals = [1, 32767])");
  int matches = 0;
  for (std::uint32_t raw = 0; raw <= 0xFFFF; ++raw) {
    const auto registers = registers_from(768, {static_cast<std::uint16_t>(raw)});
    const bool is_match = evaluate_identity(*profile, registers, {})->verdict == IdentityVerdict::match;
    EXPECT_EQ(is_match, raw == 1 || raw == 32767) << raw;
    matches += is_match ? 1 : 0;
  }
  EXPECT_EQ(matches, 2);
}

const char* const two_rules =
    "identity = [{ address = 768, type = \"u16\", equals = [1] }, { address = 900, type = \"u16\", equals = "
    "[2] }]\n";

UnreadRange unread(std::uint16_t first, const char* why, bool is_refused) {
  return {.range = {.function = Function::holding_registers, .first = first, .count = 1},
          .why = why,
          .is_refused = is_refused};
}

TEST(Identity, all_rules_must_hold) {
  const ProfilePtr profile = profile_with(two_rules);
  RawValues registers = registers_from(768, {1});
  registers.merge(registers_from(900, {2}));
  EXPECT_EQ(evaluate_identity(*profile, registers, {}),
            (Identity{IdentityVerdict::match, "register 768 is 1; register 900 is 2"}));
  registers[modbus::holding_register(900)] = 3;
  EXPECT_EQ(evaluate_identity(*profile, registers, {}),
            (Identity{IdentityVerdict::mismatch, "register 900 is 3, not 2"}));
  registers[modbus::holding_register(768)] = 4;
  EXPECT_EQ(evaluate_identity(*profile, registers, {}),
            (Identity{IdentityVerdict::mismatch, "register 768 is 4, not 1; register 900 is 3, not 2"}));
}

TEST(Identity, register_that_was_not_read_is_no_match) {
  const ProfilePtr profile = profile_with(two_rules);
  const RawValues first = registers_from(768, {1});
  const std::vector refused{unread(900, "is refused (exception 2)", true)};
  EXPECT_EQ(evaluate_identity(*profile, first, refused),
            (Identity{IdentityVerdict::refused, "register 900 is refused (exception 2)"}));
  const std::vector silent{unread(900, "was not answered", false)};
  EXPECT_EQ(evaluate_identity(*profile, first, silent),
            (Identity{IdentityVerdict::unread, "register 900 was not answered"}));
  EXPECT_EQ(evaluate_identity(*profile, first, {}),
            (Identity{IdentityVerdict::unread, "register 900 was not read"}));
  const std::vector both{unread(768, "was not answered", false),
                         unread(900, "is refused (exception 2)", true)};
  EXPECT_EQ(evaluate_identity(*profile, {}, both),
            (Identity{IdentityVerdict::refused,
                      "register 768 was not answered; register 900 is refused (exception 2)"}));
}

TEST(Identity, value_that_differs_decides_although_another_was_not_read) {
  const std::vector silent{unread(900, "was not answered", false)};
  EXPECT_EQ(evaluate_identity(*profile_with(two_rules), registers_from(768, {5}), silent),
            (Identity{IdentityVerdict::mismatch, "register 768 is 5, not 1"}));
}

TEST(Identity, part_of_the_registers_is_not_a_value) {
  const ProfilePtr profile = with_rule(R"(address = 768, type = "u32", equals = [65536])");
  EXPECT_EQ(evaluate_identity(*profile, registers_from(768, {1}), {})->verdict, IdentityVerdict::unread);
}

TEST(Identity, profile_without_rules_has_no_verdict) {
  EXPECT_FALSE(evaluate_identity(*profile_with(""), registers_from(768, {1}), {}));
  EXPECT_TRUE(identity_ranges(*profile_with(""), Protocol::tcp).empty());
  const Catalog built_in = Catalog::built_in();
  for (const auto& [name, profile] : built_in.all())
    EXPECT_FALSE(evaluate_identity(*profile, {}, {})) << name;
}

TEST(Identity, many_reasons_are_shortened) {
  std::string rules;
  for (int address = 0; address < 6; ++address)
    rules += "{ address = " + std::to_string(address) + ", type = \"u16\", equals = [1] },";
  const auto identity = evaluate_identity(*profile_with("identity = [" + rules + "]\n"),
                                          registers_from(0, {2, 2, 2, 2, 2, 2}), {});
  EXPECT_EQ(identity->reason,
            "register 0 is 2, not 1; register 1 is 2, not 1; register 2 is 2, not 1; register 3 is 2, not 1; "
            "\u2026");
}

std::string ranges_of(const Profile& profile, Protocol protocol) {
  std::string text;
  for (const ReadRequest& range : identity_ranges(profile, protocol))
    text += std::to_string(modbus::code_of(range.function)) + ":" + std::to_string(range.first) + "+" +
            std::to_string(range.count) + " ";
  return text;
}

TEST(Identity, ranges_are_the_registers_of_the_rules_and_no_others) {
  const std::string rules = R"(identity = [
    { address = 769, type = "u16", equals = [2] },
    { address = 768, type = "u16", equals = [1] },
    { address = 768, type = "u16", mask = 0x00FF, equals = [1] },
    { address = 770, type = "text", length = 6, begins_with = "A" },
    { address = 772, type = "u16", equals = [1] },
    { address = 777, type = "u16", equals = [1] },
    { table = "input", address = 770, type = "u16", equals = [1] },
    { table = "coils", address = 3, type = "bit", equals = [1] },
    { address = 65535, type = "u16", equals = [1] },
  ]
)";
  EXPECT_EQ(ranges_of(*profile_with(rules), Protocol::tcp), "1:3+1 3:768+8 3:777+1 3:65535+1 4:770+1 ");
  // The merge limit of the serial line is eight registers as well; this is one more.
  const ProfilePtr longer = profile_with(R"(identity = [
    { address = 768, type = "u16", equals = [1] }, { address = 769, type = "text", length = 8, begins_with = "A" } ]
)");
  EXPECT_EQ(ranges_of(*longer, Protocol::tcp), "3:768+9 ");
  EXPECT_EQ(ranges_of(*longer, Protocol::rtu_over_tcp), "3:768+1 3:769+8 ");
  const ProfilePtr whole = profile_with(rules, ", whole_blocks = true");
  EXPECT_EQ(ranges_of(*whole, Protocol::tcp), "1:3+1 3:768+1 3:769+1 3:770+6 3:777+1 3:65535+1 4:770+1 ");
}

TEST(Identity, firmware_is_printed_as_it_is) {
  const ProfilePtr number = profile_with("firmware = { address = 776, type = \"u16\" }\n");
  EXPECT_EQ(firmware_range(*number),
            (ReadRequest{.function = Function::holding_registers, .first = 776, .count = 1}));
  EXPECT_EQ(firmware_of(*number, registers_from(776, {412})), "412");
  EXPECT_EQ(firmware_of(*number, {}), std::nullopt);
  const ProfilePtr text = profile_with("firmware = { address = 776, type = \"text\", length = 4 }\n");
  EXPECT_EQ(firmware_range(*text)->count, 4);
  EXPECT_EQ(firmware_of(*text, text_from(776, "v2.10 ", 4)), "v2.10");
  EXPECT_EQ(firmware_of(*text, text_from(776, "", 4)), std::nullopt);
  EXPECT_EQ(firmware_range(*profile_with("")), std::nullopt);
  EXPECT_EQ(firmware_of(*profile_with(""), registers_from(776, {412})), std::nullopt);
}

}  // namespace
}  // namespace gensetd::profile
