#include "app/scan_verdict.hpp"

#include "link/error.hpp"
#include "modbus/error.hpp"
#include "profile/catalog.hpp"
#include "profile/decode.hpp"

#include <gtest/gtest.h>

namespace gensetd::app {
namespace {

using Registers = std::map<std::uint16_t, std::uint16_t>;

const profile::Catalog& catalog() {
  static const profile::Catalog built_in = profile::Catalog::built_in();
  return built_in;
}

// A read of all of the map's registers from a controller that has these; all others read 0.
poller::ReadResult read_of(const profile::Profile& profile, const Registers& registers) {
  poller::ReadResult read;
  read.values.resize(profile.fields.size());
  for (std::size_t index = 0; index < profile.blocks.size(); ++index) {
    const profile::Block& block = profile.blocks[index];
    std::vector<std::uint8_t> bytes;
    for (unsigned offset = 0; offset < block.count; ++offset) {
      const auto address = static_cast<std::uint16_t>(block.address + offset);
      const auto place = registers.find(address);
      const std::uint16_t raw = place == registers.end() ? std::uint16_t{0} : place->second;
      read.registers[address] = raw;
      bytes.push_back(static_cast<std::uint8_t>(raw >> 8));
      bytes.push_back(static_cast<std::uint8_t>(raw & 0xFF));
    }
    profile::decode_block(profile, index, bytes, read.values);
  }
  return read;
}

Fit fit_of(const char* name, const Registers& registers) {
  const auto profile = catalog().find(name);
  return judge(*profile, read_of(*profile, registers));
}

poller::ReadResult failed(boost::system::error_code error, std::uint8_t exception = 0) {
  poller::ReadResult read{.error = "h:502 unit 1: failed"};
  read.failure = link::Outcome{.error = error, .exception = exception};
  return read;
}

// A switchboard and a genset that run.
const Registers switchboard{{0, 512}, {40, 9}, {55, 396}, {64, 5'001}, {84, 5'001}, {142, 272}, {193, 3}};
const Registers genset{{0, 512},     {120, 3'960}, {135, 5'001}, {140, 3'960}, {142, 3'950},
                       {155, 5'001}, {212, 1'500}, {213, 282},   {260, 9}};

TEST(ScanVerdict, running_controllers_are_told_apart) {
  EXPECT_EQ(fit_of("hgm9560", switchboard).sureness, Sureness::likely);
  EXPECT_EQ(fit_of("hgm9520n", genset).sureness, Sureness::likely);
  EXPECT_GT(fit_of("hgm9520n", switchboard).sureness, Sureness::likely);
  EXPECT_EQ(fit_of("hgm9560", genset).sureness, Sureness::unlikely);
  EXPECT_EQ(fit_of("hgm9520n", genset).why,
            "all 9 blocks answer: mains_freq 50.01 Hz, gen_freq 50.01 Hz, battery_volt 28.2 V, gen_status 9 "
            "(Running)");
  EXPECT_EQ(fit_of("hgm9560", genset).why, "all 9 blocks answer; but battery_v 395 V is no battery");
}

TEST(ScanVerdict, controller_in_standby_is_known_by_its_battery) {
  const Fit fit = fit_of("hgm9520n", {{0, 512}, {213, 265}});
  EXPECT_EQ(fit.sureness, Sureness::likely);
  EXPECT_EQ(fit.why, "all 9 blocks answer: battery_volt 26.5 V");
}

TEST(ScanVerdict, zeros_and_markers_prove_nothing) {
  for (const auto& [name, profile] : catalog().all()) {
    const Fit zeros = judge(*profile, read_of(*profile, {}));
    EXPECT_EQ(zeros.sureness, Sureness::possible) << name;
    EXPECT_EQ(zeros.points_against, 0) << name;
    EXPECT_NE(zeros.why.find("no value tells"), std::string::npos) << zeros.why;
    Registers no_data;
    for (const profile::Field& field : profile->fields) {
      if (field.no_data == profile::NoData::from_32000) no_data[field.address] = 32'766;
    }
    const Fit unconnected = judge(*profile, read_of(*profile, no_data));
    EXPECT_EQ(unconnected.points_against, 0) << name << ": " << unconnected.why;
  }
}

TEST(ScanVerdict, values_that_cannot_be_speak_against) {
  const std::tuple<const char*, Registers, const char*> rows[] = {
      {"unknown code", {{260, 77}}, "gen_status 77 is no known code"},
      {"no mains frequency", {{135, 398}}, "mains_freq 3.98 Hz is no frequency of a power system"},
      {"no battery", {{213, 3'985}}, "battery_volt 398.5 V is no battery"},
      {"outside of the field's limits", {{220, 900}}, "coolant_temp is out of its limits (220 = 900)"},
  };
  for (const auto& [name, registers, why] : rows) {
    const Fit fit = fit_of("hgm9520n", registers);
    EXPECT_EQ(fit.sureness, Sureness::unlikely) << name;
    EXPECT_NE(fit.why.find(why), std::string::npos) << name << ": " << fit.why;
  }
}

TEST(ScanVerdict, one_odd_value_of_a_controller_that_fits_makes_it_less_sure) {
  Registers odd = genset;
  odd[260] = 77;
  EXPECT_EQ(fit_of("hgm9520n", odd).sureness, Sureness::possible);
}

TEST(ScanVerdict, map_with_a_block_that_is_refused_or_silent_does_not_fit) {
  const auto profile = catalog().find("hgm9560");
  poller::ReadResult read = read_of(*profile, switchboard);
  read.refused = {{.block = 8, .exception = 2}};
  EXPECT_EQ(judge(*profile, read).sureness, Sureness::none);
  EXPECT_EQ(judge(*profile, read).why, "1 of 9 blocks are refused, the first is accumulated");
  const Fit silent = judge(*profile, failed(link::Error::no_answer));
  EXPECT_EQ(silent.sureness, Sureness::none);
  EXPECT_EQ(silent.why, "h:502 unit 1: failed");
}

TEST(ScanVerdict, best_fit_stands_first) {
  std::vector<Fit> fits{{.profile = "d", .sureness = Sureness::none},
                        {.profile = "c", .sureness = Sureness::likely, .points_for = 3},
                        {.profile = "b", .sureness = Sureness::likely, .points_for = 7},
                        {.profile = "a", .sureness = Sureness::likely, .points_for = 3}};
  rank(fits);
  std::string order;
  for (const Fit& fit : fits) order += fit.profile;
  EXPECT_EQ(order, "bacd");
}

TEST(ScanVerdict, answers_are_told_from_silence_and_noise) {
  struct Row {
    const char* name;
    poller::ReadResult read;
    Heard heard;
    bool proof;
  };
  const Row rows[] = {
      {"registers", {}, Heard::registers, true},
      {"exception", failed(modbus::Error::exception_answer, 2), Heard::refusal, true},
      {"gateway without this unit", failed(modbus::Error::exception_answer, 11), Heard::no_unit, true},
      {"silence", failed(link::Error::no_answer), Heard::silence, false},
      {"closed", failed(link::Error::connection_lost), Heard::silence, false},
      {"line busy", {.error = "busy"}, Heard::silence, false},
      {"wrong CRC", failed(modbus::Error::broken_answer), Heard::noise, false},
      {"another unit", failed(modbus::Error::foreign_answer), Heard::foreign, false},
      {"the other protocol", failed(modbus::Error::wrong_protocol), Heard::other_protocol, false},
      {"refused connection", failed(link::Error::connect_failed), Heard::nobody, false},
      {"no such name", failed(link::Error::name_not_found), Heard::nobody, false},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(heard_of(row.read), row.heard) << row.name;
    EXPECT_EQ(is_proof_of_protocol(heard_of(row.read)), row.proof) << row.name;
  }
}

}  // namespace
}  // namespace gensetd::app
