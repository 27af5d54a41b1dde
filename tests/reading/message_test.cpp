#include "reading/reading.hpp"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

#include <map>
#include <vector>

namespace gensetd::reading {
namespace {

using profile::Field;
using profile::Type;

profile::ProfilePtr small_profile() {
  auto made = std::make_shared<profile::Profile>();
  made->fields.push_back({.name = "mode_auto", .type = Type::bit, .bit = 9});
  made->fields.push_back({.name = "gen_uab", .type = Type::u32, .decimals = 1});
  made->fields.push_back({.name = "coolant_temp", .type = Type::i16});
  made->fields.push_back({.name = "fuel_level", .type = Type::u16});
  return made;
}

constexpr Epoch epoch = 0x00AB'0000'0000'0CDE;

Content sample() {
  return {.identity = {.device_id = 7, .site_code = "MKZ", .device_type = "generator"},
          .profile = small_profile(),
          .timestamp = *parse_timestamp("2026-02-17T14:30:00.123Z"),
          .online = true,
          .error = "",
          .last_seen = parse_timestamp("2026-02-17T14:30:00.123Z"),
          .values = {1, 3985, -20, std::nullopt},
          .seq = 12'345,
          .epoch = epoch};
}

using HashField = std::pair<std::string, std::string>;

std::vector<HashField> hash_of(const Content& content) {
  std::vector<HashField> fields;
  for_each_hash_field(
      content, [&](std::string_view name, std::string_view value) { fields.emplace_back(name, value); });
  return fields;
}

TEST(Message, is_the_specified_json_byte_for_byte) {
  EXPECT_EQ(
      make_reading(sample())->json,
      R"({"device_id":7,"site_code":"MKZ","device_type":"generator","timestamp":"2026-02-17T14:30:00.123Z",)"
      R"("online":true,"error":null,"mode_auto":true,"gen_uab":398.5,"coolant_temp":-20,"fuel_level":null,)"
      R"("last_seen":"2026-02-17T14:30:00.123Z","seq":12345,"epoch":"00ab000000000cde"})");
}

TEST(Message, of_an_unregistered_controller_has_the_same_fields_without_identity) {
  EXPECT_EQ(
      print_unregistered(sample()),
      R"({"device_id":null,"site_code":null,"device_type":"generator","timestamp":"2026-02-17T14:30:00.123Z",)"
      R"("online":true,"error":null,"mode_auto":true,"gen_uab":398.5,"coolant_temp":-20,"fuel_level":null,)"
      R"("last_seen":"2026-02-17T14:30:00.123Z","seq":null,"epoch":null})");
}

TEST(Message, of_a_device_never_reached_has_every_field_and_nulls) {
  Content content = sample();
  content.online = false;
  content.error = R"(192.168.97.10:502: "refused")";
  content.last_seen.reset();
  content.values.assign(4, std::nullopt);
  EXPECT_EQ(
      make_reading(content)->json,
      R"({"device_id":7,"site_code":"MKZ","device_type":"generator","timestamp":"2026-02-17T14:30:00.123Z",)"
      R"("online":false,"error":"192.168.97.10:502: \"refused\"","mode_auto":null,"gen_uab":null,)"
      R"("coolant_temp":null,"fuel_level":null,"last_seen":null,"seq":12345,"epoch":"00ab000000000cde"})");
}

TEST(Message, false_bit_is_false_and_zero_is_zero) {
  Content content = sample();
  content.values = {0, 0, 0, 0};
  const auto message = boost::json::parse(make_reading(content)->json).as_object();
  EXPECT_EQ(message.at("mode_auto"), boost::json::value(false));
  EXPECT_EQ(message.at("gen_uab"), boost::json::value(0));
}

TEST(Message, any_text_stays_valid_json) {
  Content content = sample();
  content.identity.site_code = "a\"b\\c\n\x01 \xD0\xA8\xD0\x9F\xD0\xA0";
  const auto message = boost::json::parse(make_reading(content)->json).as_object();
  EXPECT_EQ(message.at("site_code").as_string(), content.identity.site_code);
}

TEST(Message, keeps_content_and_key_with_the_json) {
  const ReadingPtr made = make_reading(sample());
  EXPECT_EQ(made->device_id, 7);
  EXPECT_EQ(made->site_code, "MKZ");
  EXPECT_EQ(made->timestamp, sample().timestamp);
  EXPECT_EQ(made->seq, 12'345U);
  ASSERT_TRUE(made->content);
  EXPECT_EQ(made->content->values, sample().values);
}

TEST(Message, ends_with_the_epoch_of_its_run) {
  EXPECT_TRUE(make_reading(sample())->json.ends_with(ending_of(epoch)));
  EXPECT_FALSE(make_reading(sample())->json.ends_with(ending_of(epoch + 1)));
  Content unnumbered = sample();
  unnumbered.seq = 0;
  EXPECT_FALSE(make_reading(unnumbered)->json.ends_with(ending_of(epoch)));
}

TEST(Content, are_fresh_only_when_their_own_cycle_succeeded) {
  Content content = sample();
  content.at = SteadyTime{std::chrono::seconds{5}};
  EXPECT_FALSE(content.is_fresh());
  content.last_seen_at = SteadyTime{std::chrono::seconds{3}};
  EXPECT_FALSE(content.is_fresh()) << "although the wall clock was set back to the same time";
  content.last_seen_at = content.at;
  EXPECT_TRUE(content.is_fresh());
}

TEST(Numbering, begins_with_1_and_epochs_differ) {
  Numbering numbering;
  EXPECT_EQ(numbering.next_seq(), 1U);
  EXPECT_EQ(numbering.next_seq(), 2U);
  EXPECT_NE(numbering.epoch(), Numbering{}.epoch());
}

TEST(HashFields, are_those_of_the_json_with_strings_unquoted) {
  const std::vector<HashField> expected{{"device_id", "7"},
                                        {"site_code", "MKZ"},
                                        {"device_type", "generator"},
                                        {"timestamp", "2026-02-17T14:30:00.123Z"},
                                        {"online", "true"},
                                        {"error", "null"},
                                        {"mode_auto", "true"},
                                        {"gen_uab", "398.5"},
                                        {"coolant_temp", "-20"},
                                        {"fuel_level", "null"},
                                        {"last_seen", "2026-02-17T14:30:00.123Z"},
                                        {"seq", "12345"},
                                        {"epoch", "00ab000000000cde"}};
  EXPECT_EQ(hash_of(sample()), expected);
}

TEST(HashFields, of_a_failure_contain_the_error) {
  Content content = sample();
  content.online = false;
  content.error = "no \"answer\"";
  content.last_seen.reset();
  const auto fields = hash_of(content);
  EXPECT_EQ(fields[4], HashField("online", "false"));
  EXPECT_EQ(fields[5], HashField("error", "no \"answer\""));
  EXPECT_EQ(fields[fields.size() - 3], HashField("last_seen", "null"));
}

}  // namespace
}  // namespace gensetd::reading
