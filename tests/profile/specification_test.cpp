#include "profile/catalog.hpp"
#include "profile/decode.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

// Every field of both register maps against the specification's own formulas, transcribed here line by line
// and independent of the code under test. A formula gives the value as a whole number of 10^-decimals;
// `decided` lists, range by range, where PRODUCT.md's section Decoding differs from it. Nothing else may.
namespace gensetd::profile {
namespace {

using Formula = Value (*)(int low, int high);

// The specification's helper functions.
constexpr int no_data_value = 32766;
int signed16(int raw) { return raw > 32767 ? raw - 65536 : raw; }
std::int64_t signed32(int lsb, int msb) {
  const std::int64_t value = std::int64_t{msb} * 65536 + lsb;
  return value > 0x7FFFFFFF ? value - 0x100000000 : value;
}
bool is_bad_temp(int raw) {
  const int s = signed16(raw);
  return raw == no_data_value || raw >= 32000 || s > 200 || s < -50;
}

// The specification's formulas, by the shape of their lambdas.
template <int Number>
Value bit(int raw, int) {
  return (raw & (1 << Number)) != 0 ? 1 : 0;
}
Value plain(int raw, int) { return raw; }
Value signed_16(int raw, int) { return signed16(raw); }
Value no_data_or(int raw, int) { return raw >= 32000 || raw == no_data_value ? Value{} : Value{raw}; }
Value temperature(int raw, int) { return is_bad_temp(raw) ? Value{} : Value{signed16(raw)}; }
Value safe_load(int raw, int) {
  if (raw == no_data_value || raw >= 32000) return {};
  const int s = signed16(raw);
  return s > 150 || s < -50 ? Value{} : Value{s};
}
Value speed(int raw, int) { return raw > 5000 || raw == no_data_value ? Value{} : Value{raw}; }
Value pressure(int raw, int) { return raw >= 10000 || raw == no_data_value ? Value{} : Value{raw}; }
Value percent(int raw, int) { return raw > 100 || raw == no_data_value ? Value{} : Value{raw}; }
Value consumption(int raw, int) { return raw > 10000 || raw == no_data_value ? Value{} : Value{raw}; }
Value unsigned_32(int low, int high) { return std::int64_t{high} * 65536 + low; }
Value signed_32(int low, int high) { return signed32(low, high); }

// A decision of PRODUCT.md, Decoding: raw values first..last are no data, or signed.
struct Decided {
  enum class Gives : std::uint8_t { no_data, negative };
  std::int64_t first;
  std::int64_t last;
  Gives gives = Gives::no_data;
};
using Decisions = std::vector<Decided>;

const Decisions as_specified{};
const Decisions negatives_from_minus_50{{65486, 65535, Decided::Gives::negative}};  // decision 1
const Decisions nothing_from_32000{{32000, 65535}};                                 // decision 2
const Decisions nothing_to_32767{{32000, 32767}};                            // decision 2, signed quantities
const Decisions marker{{0x7FFFFFFE, 0x7FFFFFFE}, {0x7FFE7FFE, 0x7FFE7FFE}};  // decision 3

struct Row {
  const char* name;
  int block;  // its address
  int block_count;
  int index;  // of regs[]
  unsigned decimals;
  Formula formula;
  const Decisions& decided;
  bool two_registers() const { return formula == unsigned_32 || formula == signed_32; }
};

const std::vector<Row> hgm9520n{
    {"mode_auto", 0, 1, 0, 0, bit<9>, as_specified},
    {"mode_manual", 0, 1, 0, 0, bit<10>, as_specified},
    {"mode_stop", 0, 1, 0, 0, bit<11>, as_specified},
    {"mode_test", 0, 1, 0, 0, bit<8>, as_specified},
    {"alarm_common", 0, 1, 0, 0, bit<0>, as_specified},
    {"alarm_shutdown", 0, 1, 0, 0, bit<1>, as_specified},
    {"alarm_warning", 0, 1, 0, 0, bit<2>, as_specified},
    {"alarm_block", 0, 1, 0, 0, bit<7>, as_specified},
    {"mains_normal", 114, 1, 0, 0, bit<0>, as_specified},
    {"mains_load", 114, 1, 0, 0, bit<1>, as_specified},
    {"gen_normal", 114, 1, 0, 0, bit<2>, as_specified},
    {"gen_closed", 114, 1, 0, 0, bit<3>, as_specified},
    {"mains_uab", 120, 16, 0, 1, unsigned_32, marker},
    {"mains_ubc", 120, 16, 2, 1, unsigned_32, marker},
    {"mains_uca", 120, 16, 4, 1, unsigned_32, marker},
    {"mains_freq", 120, 16, 15, 2, plain, nothing_from_32000},
    {"gen_uab", 140, 19, 0, 1, unsigned_32, marker},
    {"gen_ubc", 140, 19, 2, 1, unsigned_32, marker},
    {"gen_uca", 140, 19, 4, 1, unsigned_32, marker},
    {"gen_freq", 140, 19, 15, 2, plain, nothing_from_32000},
    {"volt_diff", 140, 19, 16, 1, signed_16, nothing_to_32767},
    {"freq_diff", 140, 19, 17, 2, signed_16, nothing_to_32767},
    {"phase_diff", 140, 19, 18, 1, signed_16, nothing_to_32767},
    {"current_a", 166, 8, 0, 1, no_data_or, as_specified},
    {"current_b", 166, 8, 1, 1, no_data_or, as_specified},
    {"current_c", 166, 8, 2, 1, no_data_or, as_specified},
    {"current_earth", 166, 8, 3, 1, no_data_or, as_specified},
    {"power_a", 174, 28, 0, 1, signed_32, marker},
    {"power_b", 174, 28, 2, 1, signed_32, marker},
    {"power_c", 174, 28, 4, 1, signed_32, marker},
    {"power_total", 174, 28, 6, 1, signed_32, marker},
    {"reactive_a", 174, 28, 8, 1, signed_32, marker},
    {"reactive_b", 174, 28, 10, 1, signed_32, marker},
    {"reactive_c", 174, 28, 12, 1, signed_32, marker},
    {"reactive_total", 174, 28, 14, 1, signed_32, marker},
    {"pf_a", 174, 28, 24, 3, signed_16, nothing_to_32767},
    {"pf_b", 174, 28, 25, 3, signed_16, nothing_to_32767},
    {"pf_c", 174, 28, 26, 3, signed_16, nothing_to_32767},
    {"pf_avg", 174, 28, 27, 3, signed_16, nothing_to_32767},
    {"engine_speed", 212, 30, 0, 0, speed, as_specified},
    {"battery_volt", 212, 30, 1, 1, no_data_or, as_specified},
    {"charger_volt", 212, 30, 2, 1, no_data_or, as_specified},
    {"coolant_temp", 212, 30, 8, 0, temperature, negatives_from_minus_50},
    {"oil_pressure", 212, 30, 10, 0, pressure, as_specified},
    {"fuel_level", 212, 30, 12, 0, percent, as_specified},
    {"load_pct", 212, 30, 20, 0, safe_load, negatives_from_minus_50},
    {"oil_temp", 212, 30, 22, 0, temperature, negatives_from_minus_50},
    {"fuel_pressure", 212, 30, 24, 0, pressure, as_specified},
    {"turbo_pressure", 212, 30, 28, 0, pressure, as_specified},
    {"fuel_consumption", 212, 30, 29, 1, consumption, as_specified},
    {"gen_status", 260, 16, 0, 0, plain, nothing_from_32000},
    {"run_hours", 260, 16, 10, 0, plain, as_specified},
    {"run_minutes", 260, 16, 11, 0, plain, as_specified},
    {"start_count", 260, 16, 13, 0, plain, as_specified},
    {"energy_kwh", 260, 16, 14, 0, unsigned_32, marker},
    {"alarm_count", 511, 1, 0, 0, plain, as_specified},
};

const std::vector<Row> hgm9560{
    {"mode_test", 0, 3, 0, 0, bit<8>, as_specified},
    {"mode_auto", 0, 3, 0, 0, bit<9>, as_specified},
    {"mode_manual", 0, 3, 0, 0, bit<10>, as_specified},
    {"mode_stop", 0, 3, 0, 0, bit<11>, as_specified},
    {"alarm_common", 0, 3, 0, 0, bit<0>, as_specified},
    {"alarm_shutdown", 0, 3, 0, 0, bit<1>, as_specified},
    {"alarm_warning", 0, 3, 0, 0, bit<2>, as_specified},
    {"alarm_trip_stop", 0, 3, 0, 0, bit<3>, as_specified},
    {"genset_status", 40, 3, 0, 0, plain, nothing_from_32000},
    {"mains_uab", 55, 10, 0, 0, plain, nothing_from_32000},
    {"mains_ubc", 55, 10, 1, 0, plain, nothing_from_32000},
    {"mains_uca", 55, 10, 2, 0, plain, nothing_from_32000},
    {"mains_ua", 55, 10, 3, 0, plain, nothing_from_32000},
    {"mains_ub", 55, 10, 4, 0, plain, nothing_from_32000},
    {"mains_uc", 55, 10, 5, 0, plain, nothing_from_32000},
    {"mains_freq", 55, 10, 9, 2, plain, nothing_from_32000},
    {"busbar_uab", 75, 10, 0, 0, plain, nothing_from_32000},
    {"busbar_ubc", 75, 10, 1, 0, plain, nothing_from_32000},
    {"busbar_uca", 75, 10, 2, 0, plain, nothing_from_32000},
    {"busbar_ua", 75, 10, 3, 0, plain, nothing_from_32000},
    {"busbar_ub", 75, 10, 4, 0, plain, nothing_from_32000},
    {"busbar_uc", 75, 10, 5, 0, plain, nothing_from_32000},
    {"busbar_freq", 75, 10, 9, 2, plain, nothing_from_32000},
    {"mains_ia", 95, 3, 0, 1, plain, nothing_from_32000},
    {"mains_ib", 95, 3, 1, 1, plain, nothing_from_32000},
    {"mains_ic", 95, 3, 2, 1, plain, nothing_from_32000},
    {"mains_total_p", 109, 10, 0, 1, signed_32, marker},
    {"mains_total_q", 109, 10, 8, 1, signed_32, marker},
    {"busbar_current", 134, 12, 0, 1, plain, nothing_from_32000},
    {"battery_v", 134, 12, 8, 1, plain, nothing_from_32000},
    {"busbar_p", 182, 17, 0, 1, signed_32, marker},
    {"busbar_q", 182, 17, 2, 1, signed_32, marker},
    {"busbar_switch", 182, 17, 11, 0, plain, nothing_from_32000},
    {"mains_status", 182, 17, 13, 0, plain, nothing_from_32000},
    {"mains_switch", 182, 17, 15, 0, plain, nothing_from_32000},
    {"accum_kwh", 203, 9, 0, 1, signed_32, marker},
    {"accum_kvarh", 203, 9, 2, 1, signed_32, marker},
    {"maint_hours", 203, 9, 8, 0, plain, as_specified},
};

Value expected(const Row& row, int low, int high) {
  const std::int64_t raw = std::int64_t{high} * 65536 + low;
  for (const Decided& decided : row.decided) {
    if (raw < decided.first || raw > decided.last) continue;
    return decided.gives == Decided::Gives::negative ? Value{raw - 65536} : Value{};
  }
  return row.formula(low, high);
}

struct Map {
  const char* name;
  const std::vector<Row>& rows;
};

void PrintTo(const Map& map, std::ostream* out) { *out << map.name; }

class Specification : public testing::TestWithParam<Map> {
 protected:
  ProfilePtr profile = Catalog::built_in().find(GetParam().name);
  const std::vector<Row>& rows = GetParam().rows;
};

TEST_P(Specification, fields_have_its_order_and_addresses) {
  ASSERT_TRUE(profile);
  ASSERT_EQ(profile->fields.size(), rows.size());
  std::set<std::pair<int, int>> blocks;
  for (std::size_t index = 0; index < rows.size(); ++index) {
    const Field& field = profile->fields[index];
    const Row& row = rows[index];
    const Block& block = profile->blocks[field.block];
    EXPECT_EQ(field.name, row.name);
    EXPECT_EQ(field.address, row.block + row.index) << row.name;
    EXPECT_EQ(field.decimals, row.decimals) << row.name;
    EXPECT_EQ(block.address, row.block) << row.name;
    EXPECT_EQ(block.count, row.block_count) << row.name;
    EXPECT_EQ(field.type == Type::u32 || field.type == Type::i32, row.two_registers()) << row.name;
    EXPECT_FALSE(field.label.en.empty() || field.label.ru.empty()) << row.name;
    blocks.emplace(row.block, row.block_count);
  }
  EXPECT_EQ(std::ranges::count_if(profile->blocks, [](const Block& block) { return block.is_always_read(); }),
            std::ssize(blocks));
  EXPECT_EQ(blocks.size(), 9U);
}

TEST_P(Specification, every_16_bit_field_matches_for_every_raw_value) {
  for (std::size_t index = 0; index < rows.size(); ++index) {
    if (rows[index].two_registers()) continue;
    for (int raw = 0; raw <= 0xFFFF; ++raw) {
      const Value value = decode16(profile->fields[index], static_cast<std::uint16_t>(raw));
      ASSERT_EQ(value, expected(rows[index], raw, 0)) << rows[index].name << " raw " << raw;
    }
  }
}

TEST_P(Specification, every_32_bit_field_matches_at_the_limits_and_for_random_pairs) {
  constexpr int pairs_per_field = 200'000;
  constexpr std::array<int, 14> corners{0,     1,     31999, 32000, 32765, 32766, 32767,
                                        32768, 32769, 65485, 65486, 65533, 65534, 65535};
  const std::uint32_t seed = 20'260'217;
  std::mt19937 random(seed);
  for (std::size_t index = 0; index < rows.size(); ++index) {
    const Row& row = rows[index];
    if (!row.two_registers()) continue;
    const auto holds = [&](int low, int high) {
      return decode32(profile->fields[index], static_cast<std::uint16_t>(low),
                      static_cast<std::uint16_t>(high)) == expected(row, low, high);
    };
    for (const int low : corners) {
      for (const int high : corners) ASSERT_TRUE(holds(low, high)) << row.name << ' ' << low << ' ' << high;
    }
    for (int pair = 0; pair < pairs_per_field; ++pair) {
      const auto raw = static_cast<std::uint32_t>(random());
      const int low = static_cast<int>(raw & 0xFFFF);
      const int high = static_cast<int>(raw >> 16);
      ASSERT_TRUE(holds(low, high)) << row.name << ' ' << low << ' ' << high << " seed " << seed;
    }
  }
}

TEST_P(Specification, every_field_uses_its_own_registers_of_a_block) {
  std::mt19937 random(7);
  std::vector<Value> values(rows.size());
  for (int attempt = 0; attempt < 2'000; ++attempt) {
    for (std::size_t block = 0; block < profile->blocks.size(); ++block) {
      std::vector<std::uint8_t> bytes(2U * profile->blocks[block].count);
      for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random());
      decode_block(*profile, block, fields_of_block(*profile, block),
                   {.first = profile->blocks[block].address, .bytes = bytes}, values);
      const auto register_at = [&](int index) {
        const auto at = static_cast<std::size_t>(2 * index);
        return bytes[at] * 256 + bytes[at + 1];
      };
      for (std::size_t index = 0; index < rows.size(); ++index) {
        const Row& row = rows[index];
        if (row.block != profile->blocks[block].address) continue;
        const int high = row.two_registers() ? register_at(row.index + 1) : 0;
        ASSERT_EQ(values[index], expected(row, register_at(row.index), high)) << row.name;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Maps, Specification,
                         testing::Values(Map{"hgm9520n", hgm9520n}, Map{"hgm9560", hgm9560}),
                         [](const auto& map) { return std::string(map.param.name); });

// The decisions of PRODUCT.md themselves, with raw values, to check the table above.
TEST(Decisions, an_engine_at_minus_20_reads_minus_20) {
  const ProfilePtr profile = Catalog::built_in().find("hgm9520n");
  for (const Field& field : profile->fields) {
    if (field.name == "coolant_temp" || field.name == "oil_temp" || field.name == "load_pct") {
      EXPECT_EQ(decode16(field, 0x10000 - 20), Value{-20}) << field.name;
      EXPECT_EQ(decode16(field, 0x10000 - 51), Value{}) << field.name;
      EXPECT_EQ(decode16(field, 32766), Value{}) << field.name;
    }
  }
}

using Codes = std::map<std::int64_t, std::string>;

Codes codes_of(const char* profile, const std::string& field_name) {
  Codes codes;
  const ProfilePtr held = Catalog::built_in().find(profile);
  for (const Field& field : held->fields) {
    if (field.name != field_name) continue;
    for (const CodeTable& table : held->code_tables) {
      if (table.name != field.codes) continue;
      for (const Code& code : table.codes) codes[code.value] = code.key;
    }
  }
  return codes;
}

TEST(CodeTables, are_the_specifications) {
  EXPECT_EQ(codes_of("hgm9520n", "gen_status"), (Codes{{0, "standby"},
                                                       {1, "preheat"},
                                                       {2, "fuel_on"},
                                                       {3, "cranking"},
                                                       {4, "crank_rest"},
                                                       {5, "safety_run"},
                                                       {6, "idle"},
                                                       {7, "warming"},
                                                       {8, "wait_load"},
                                                       {9, "running"},
                                                       {10, "cooling"},
                                                       {11, "idle_stop"},
                                                       {12, "ets"},
                                                       {13, "wait_stop"},
                                                       {14, "post_stop"},
                                                       {15, "stop_failure"}}));
  EXPECT_EQ(codes_of("hgm9560", "genset_status"), (Codes{{0, "standby"},
                                                         {1, "preheat"},
                                                         {2, "fuel_output"},
                                                         {3, "crank"},
                                                         {4, "crank_rest"},
                                                         {5, "safety_run"},
                                                         {6, "start_idle"},
                                                         {7, "warming_up"},
                                                         {8, "wait_load"},
                                                         {9, "running"},
                                                         {10, "cooling"},
                                                         {11, "stop_idle"},
                                                         {12, "ets"},
                                                         {13, "wait_stop"},
                                                         {14, "stop_failure"}}));
  const Codes switches{{0, "synchronizing"}, {1, "close_delay"}, {2, "wait_closing"}, {3, "closed"},
                       {4, "unloading"},     {5, "open_delay"},  {6, "wait_opening"}, {7, "opened"}};
  EXPECT_EQ(codes_of("hgm9560", "busbar_switch"), switches);
  EXPECT_EQ(codes_of("hgm9560", "mains_switch"), switches);
  EXPECT_EQ(codes_of("hgm9560", "mains_status"),
            (Codes{{0, "normal"}, {1, "normal_delay"}, {2, "abnormal"}, {3, "abnormal_delay"}}));
}

}  // namespace
}  // namespace gensetd::profile
