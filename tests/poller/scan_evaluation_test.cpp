#include "poller/scan_evaluation.hpp"

#include "link/error.hpp"
#include "modbus/error.hpp"
#include "profile/catalog.hpp"
#include "profile/decode.hpp"

#include <gtest/gtest.h>

namespace gensetd::poller {
namespace {

using Registers = std::map<std::uint16_t, std::uint16_t>;

const profile::Catalog& catalog() {
  static const profile::Catalog built_in = profile::Catalog::built_in();
  return built_in;
}

// A read of all of the map's registers from a controller that has these; all others read 0.
ReadResult read_of(const profile::Profile& profile, const Registers& registers) {
  ReadResult read;
  read.values.resize(profile.fields.size());
  for (std::size_t index = 0; index < profile.blocks.size(); ++index) {
    const profile::Block& block = profile.blocks[index];
    std::vector<std::uint8_t> bytes;
    for (unsigned offset = 0; offset < block.count; ++offset) {
      const auto address = static_cast<std::uint16_t>(block.address + offset);
      const auto place = registers.find(address);
      const std::uint16_t raw = place == registers.end() ? std::uint16_t{0} : place->second;
      read.registers[modbus::holding_register(address)] = raw;
      bytes.push_back(static_cast<std::uint8_t>(raw >> 8));
      bytes.push_back(static_cast<std::uint8_t>(raw & 0xFF));
    }
    profile::decode_block(profile, index, profile::fields_of_block(profile, index),
                          {.first = block.address, .bytes = bytes}, read.values);
  }
  return read;
}

ProfileMatch match_of(const char* name, const Registers& registers) {
  const auto profile = catalog().find(name);
  return match_profile(*profile, read_of(*profile, registers));
}

ReadResult failed(boost::system::error_code error, std::uint8_t exception = 0) {
  ReadResult read{.error = "h:502 unit 1: failed"};
  read.failure = link::Outcome{.error = error, .exception = exception};
  return read;
}

// A switchboard and a genset that run.
const Registers switchboard{{0, 512}, {40, 9}, {55, 396}, {64, 5'001}, {84, 5'001}, {142, 272}, {193, 3}};
const Registers genset{{0, 512},     {120, 3'960}, {135, 5'001}, {140, 3'960}, {142, 3'950},
                       {155, 5'001}, {212, 1'500}, {213, 282},   {260, 9}};

TEST(ScanEvaluation, running_controllers_are_distinguished) {
  EXPECT_EQ(match_of("hgm9560", switchboard).confidence, MatchConfidence::likely);
  EXPECT_EQ(match_of("hgm9520n", genset).confidence, MatchConfidence::likely);
  EXPECT_GT(match_of("hgm9520n", switchboard).confidence, MatchConfidence::likely);
  EXPECT_EQ(match_of("hgm9560", genset).confidence, MatchConfidence::unlikely);
  EXPECT_EQ(match_of("hgm9520n", genset).why,
            "all 9 blocks answer: mains_freq 50.01 Hz, gen_freq 50.01 Hz, battery_volt 28.2 V, gen_status 9 "
            "(Running)");
  EXPECT_EQ(match_of("hgm9560", genset).why,
            "all 9 blocks answer; but battery_v 395 V is not a battery voltage");
}

TEST(ScanEvaluation, controller_in_standby_is_identified_by_its_battery) {
  const ProfileMatch match = match_of("hgm9520n", {{0, 512}, {213, 265}});
  EXPECT_EQ(match.confidence, MatchConfidence::likely);
  EXPECT_EQ(match.why, "all 9 blocks answer: battery_volt 26.5 V");
}

TEST(ScanEvaluation, zeros_and_markers_prove_nothing) {
  for (const auto& [name, profile] : catalog().all()) {
    const ProfileMatch zeros = match_profile(*profile, read_of(*profile, {}));
    EXPECT_EQ(zeros.confidence, MatchConfidence::possible) << name;
    EXPECT_EQ(zeros.contradicting_points, 0) << name;
    EXPECT_NE(zeros.why.find("no value shows"), std::string::npos) << zeros.why;
    Registers no_data;
    for (const profile::Field& field : profile->fields) {
      if (field.no_data == profile::NoData::from_32000) no_data[field.address] = 32'766;
    }
    const ProfileMatch unconnected = match_profile(*profile, read_of(*profile, no_data));
    EXPECT_EQ(unconnected.contradicting_points, 0) << name << ": " << unconnected.why;
  }
}

TEST(ScanEvaluation, impossible_values_contradict_the_map) {
  const std::tuple<const char*, Registers, const char*> rows[] = {
      {"unknown code", {{260, 77}}, "gen_status 77 is not a known code"},
      {"no mains frequency", {{135, 398}}, "mains_freq 3.98 Hz is not a frequency of a power system"},
      {"no battery", {{213, 3'985}}, "battery_volt 398.5 V is not a battery voltage"},
      {"outside of the field's limits", {{220, 900}}, "coolant_temp is outside its limits (220 = 900)"},
  };
  for (const auto& [name, registers, why] : rows) {
    const ProfileMatch match = match_of("hgm9520n", registers);
    EXPECT_EQ(match.confidence, MatchConfidence::unlikely) << name;
    EXPECT_NE(match.why.find(why), std::string::npos) << name << ": " << match.why;
  }
}

TEST(ScanEvaluation, one_impossible_value_reduces_the_confidence) {
  Registers odd = genset;
  odd[260] = 77;
  EXPECT_EQ(match_of("hgm9520n", odd).confidence, MatchConfidence::possible);
}

TEST(ScanEvaluation, map_with_a_refused_or_missing_block_does_not_match) {
  const auto profile = catalog().find("hgm9560");
  ReadResult read = read_of(*profile, switchboard);
  read.missing.refused = {{.block = 8, .exception = 2}};
  EXPECT_EQ(match_profile(*profile, read).confidence, MatchConfidence::no_match);
  EXPECT_EQ(match_profile(*profile, read).why, "1 of 9 blocks are refused, the first is accumulated");
  // Alarm words are not read in each cycle: a controller without them is the same model.
  read.missing.refused = {{.block = 9, .exception = 2}};
  EXPECT_NE(match_profile(*profile, read).confidence, MatchConfidence::no_match);
  const ProfileMatch silent = match_profile(*profile, failed(link::Error::no_response));
  EXPECT_EQ(silent.confidence, MatchConfidence::no_match);
  EXPECT_EQ(silent.why, "h:502 unit 1: failed");
}

TEST(ScanEvaluation, best_match_is_first) {
  std::vector<ProfileMatch> matches{
      {.profile = "d", .confidence = MatchConfidence::no_match},
      {.profile = "c", .confidence = MatchConfidence::likely, .supporting_points = 3},
      {.profile = "b", .confidence = MatchConfidence::likely, .supporting_points = 7},
      {.profile = "a", .confidence = MatchConfidence::likely, .supporting_points = 3}};
  sort_matches(matches);
  std::string order;
  for (const ProfileMatch& match : matches) order += match.profile;
  EXPECT_EQ(order, "bacd");
}

TEST(ScanEvaluation, identity_counts_more_than_values) {
  const auto profile = catalog().find("hgm9560");
  ProfileMatch match = match_of("hgm9560", genset);
  ASSERT_EQ(match.confidence, MatchConfidence::unlikely);
  confirm_by_identity(match, {profile::IdentityVerdict::match, "register 768 is 1"});
  EXPECT_EQ(match.confidence, MatchConfidence::likely);
  EXPECT_EQ(match.why,
            "register 768 is 1; all 9 blocks answer; but battery_v 395 V is not a battery voltage");
  ProfileMatch unread = match_profile(*profile, failed(link::Error::no_response));
  confirm_by_identity(unread, {profile::IdentityVerdict::match, "register 768 is 1"});
  EXPECT_EQ(unread.why, "register 768 is 1; but h:502 unit 1: failed");
}

TEST(ScanEvaluation, map_of_another_model_is_unlikely_and_an_unread_one_does_not_match) {
  using profile::IdentityVerdict;
  const auto profile = catalog().find("hgm9560");
  const auto without = [&](IdentityVerdict verdict) {
    return match_without_values(*profile, {verdict, "register 768 is 5, not 1"});
  };
  EXPECT_EQ(without(IdentityVerdict::mismatch).confidence, MatchConfidence::unlikely);
  EXPECT_EQ(without(IdentityVerdict::refused).confidence, MatchConfidence::no_match);
  EXPECT_EQ(without(IdentityVerdict::unread).confidence, MatchConfidence::no_match);
  EXPECT_EQ(without(IdentityVerdict::mismatch).why, "register 768 is 5, not 1");
}

TEST(ScanEvaluation, firmware_is_added_to_a_map_that_fits) {
  ProfileMatch match{.confidence = MatchConfidence::likely, .why = "all answer"};
  add_firmware(match, "4.12");
  EXPECT_EQ(match.why, "all answer; firmware 4.12");
  EXPECT_EQ(match.firmware, "4.12");
  ProfileMatch none{.confidence = MatchConfidence::no_match, .why = "refused"};
  add_firmware(none, "4.12");
  EXPECT_EQ(none.why, "refused");
  EXPECT_EQ(none.firmware, "");
}

TEST(ScanEvaluation, map_with_the_identity_is_first_and_that_of_another_model_is_after_doubtful_ones) {
  std::vector<ProfileMatch> matches{
      {.profile = "a", .confidence = MatchConfidence::unlikely, .by_identity = true},
      {.profile = "b", .confidence = MatchConfidence::unlikely, .contradicting_points = 3},
      {.profile = "c", .confidence = MatchConfidence::likely, .supporting_points = 9},
      {.profile = "d", .confidence = MatchConfidence::likely, .by_identity = true}};
  sort_matches(matches);
  std::string order;
  for (const ProfileMatch& match : matches) order += match.profile;
  EXPECT_EQ(order, "dcba");
}

TEST(ScanEvaluation, outcomes_are_distinguished) {
  struct Row {
    const char* name;
    ReadResult read;
    ProbeOutcome outcome;
    bool proof;
  };
  const Row rows[] = {
      {"registers", {}, ProbeOutcome::registers, true},
      {"exception", failed(modbus::ResponseError::exception_response, 2), ProbeOutcome::exception, true},
      {"gateway without this unit", failed(modbus::ResponseError::exception_response, 11),
       ProbeOutcome::unit_unavailable, true},
      {"silence", failed(link::Error::no_response), ProbeOutcome::no_response, false},
      {"closed", failed(link::Error::connection_lost), ProbeOutcome::no_response, false},
      {"line busy", {.error = "busy"}, ProbeOutcome::no_response, false},
      {"wrong CRC", failed(modbus::ResponseError::damaged_response), ProbeOutcome::invalid_bytes, false},
      {"another unit", failed(modbus::ResponseError::foreign_response), ProbeOutcome::foreign_frames, false},
      {"the other protocol", failed(modbus::ResponseError::wrong_protocol), ProbeOutcome::other_protocol,
       false},
      {"refused connection", failed(link::Error::connect_failed), ProbeOutcome::no_connection, false},
      {"no such name", failed(link::Error::name_not_found), ProbeOutcome::no_connection, false},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(outcome_of(row.read), row.outcome) << row.name;
    EXPECT_EQ(proves_protocol(outcome_of(row.read)), row.proof) << row.name;
  }
}

}  // namespace
}  // namespace gensetd::poller
