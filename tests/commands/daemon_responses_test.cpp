#include "commands/daemon_responses.hpp"

#include "api/connection_bodies.hpp"
#include "api/json_bodies.hpp"

#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include <limits>

namespace gensetd::commands {
namespace {

using profile::Type;

// What the daemon would send of this profile, read back.
profile::ProfilePtr sent(const profile::Profile& profile) {
  return profile_from(boost::json::serialize(api::to_json(profile)));
}

TEST(DaemonResponses, register_maps_are_parsed_for_a_table) {
  const auto catalog = profile::Catalog::built_in();
  for (const auto& [name, profile] : catalog.all()) {
    const auto came = sent(*profile);
    EXPECT_EQ(came->name, name);
    EXPECT_TRUE(came->is_confirmed);
    ASSERT_EQ(came->fields.size(), profile->fields.size());
    for (std::size_t index = 0; index < came->fields.size(); ++index) {
      const profile::Field& field = came->fields[index];
      const profile::Field& origin = profile->fields[index];
      EXPECT_EQ(std::tie(field.name, field.address, field.type, field.bit, field.decimals, field.unit,
                         field.group, field.codes, field.label.en),
                std::tie(origin.name, origin.address, origin.type, origin.bit, origin.decimals, origin.unit,
                         origin.group, origin.codes, origin.label.en));
    }
    ASSERT_EQ(came->groups.size(), profile->groups.size());
    ASSERT_EQ(came->code_tables.size(), profile->code_tables.size());
    EXPECT_EQ(came->code_tables[0].codes[3].label.en, profile->code_tables[0].codes[3].label.en);
  }
}

// Every kind of number at its ends, with as many decimals as a map may have.
TEST(DaemonResponses, values_are_parsed_exactly) {
  auto made = std::make_shared<profile::Profile>();
  made->device_type = profile::DeviceType::ats;
  reading::Content content;
  const std::pair<Type, std::vector<profile::Value>> rows[] = {
      {Type::u32, {0, 1, 4'294'967'295, std::nullopt}},
      {Type::i32, {-1, std::numeric_limits<std::int32_t>::min(), std::numeric_limits<std::int32_t>::max()}},
      {Type::i16, {-32'768, 31'999}},
      {Type::u16, {3'985, 31'999, 65'535}},
      {Type::f64, {2'251'799'813'685'247, -2'251'799'813'685'247}},
      {Type::i64, {9'223'372'036'854'000'000, -9'223'372'036'854'000'000}},
  };
  for (const auto& [type, values] : rows) {
    for (std::uint8_t decimals = 0; decimals <= 6; ++decimals) {
      for (const profile::Value& value : values) {
        made->fields.push_back({.name = "field_" + std::to_string(made->fields.size()), .type = type});
        made->fields.back().decimals = decimals;
        content.values.push_back(value);
      }
    }
  }
  for (const int flag : {0, 1}) {
    made->fields.push_back({.name = "flag_" + std::to_string(flag), .type = Type::bit, .bit = 9});
    content.values.emplace_back(flag);
  }
  content.identity.device_type = "ats";
  content.profile = made;
  content.timestamp = *reading::parse_timestamp("2026-02-17T14:30:00.123Z");
  content.online = true;
  content.error = "h:502 unit 1: refuses a";
  content.last_seen = content.timestamp;
  const api::ReadNowResult found{.latency = std::chrono::microseconds{990'458},
                                 .requests = 6,
                                 .content = content,
                                 .registers = {{modbus::holding_register(7), 65'535}}};

  const auto came = read_now_from(api::to_json(found), made);
  ASSERT_TRUE(came.content);
  EXPECT_EQ(came.content->values, content.values);
  EXPECT_EQ(reading::print_unregistered(*came.content), reading::print_unregistered(content));
  EXPECT_EQ(came.latency, found.latency);
  EXPECT_EQ(came.requests, 6U);
  EXPECT_EQ(came.registers, found.registers);
}

TEST(DaemonResponses, failure_is_the_error_text_of_the_daemon) {
  const auto came = read_now_from(api::to_json(api::ReadNowResult{.error = "h:502: refused"}), nullptr);
  EXPECT_EQ(came.error, "h:502: refused");
  EXPECT_FALSE(came.content);
}

TEST(DaemonResponses, invalid_response_is_rejected_with_a_reason) {
  const auto profile = profile::Catalog::built_in().find("hgm9520n");
  const std::pair<const char*, const char*> rows[] = {
      {"", "it is not a JSON object"},
      {"[]", "it is not a JSON object"},
      {"{}", "it has no 'error'"},
      {R"({"error":5})", "its 'error' is not valid"},
      {R"({"error":null,"latency_ms":1,"requests":-1})", "its 'requests' is not valid"},
      {R"({"error":null,"latency_ms":1,"requests":1,"registers":[{"address":65535,"values":[1,2]}]})",
       "its 'values' is not valid"},
      {R"({"error":null,"latency_ms":1,"requests":1,"registers":[],"reading":null})",
       "its 'reading' is not valid"},
      {R"({"error":null,"latency_ms":1,"requests":1,"registers":[],"reading":{"timestamp":"x"}})",
       "its 'timestamp' is not valid"},
  };
  for (const auto& [text, why] : rows) {
    try {
      read_now_from(text, profile);
      ADD_FAILURE() << text;
    } catch (const InvalidResponse& bad) {
      EXPECT_STREQ(bad.what(), why) << text;
    }
  }
  EXPECT_THROW(profile_from("{}"), InvalidResponse);
}

TEST(DaemonResponses, register_map_that_is_not_confirmed_stays_so) {
  profile::Profile map = *profile::Catalog::built_in().find("hgm9560");
  map.is_confirmed = false;
  EXPECT_FALSE(sent(map)->is_confirmed);
}

TEST(DaemonResponses, error_message_is_extracted_or_empty) {
  EXPECT_EQ(error_message(R"({"error":{"code":"x","message":"no such thing","field":null}})"),
            "no such thing");
  for (const char* none : {"", "<html>", "[]", "{}", R"({"error":"x"})"}) EXPECT_EQ(error_message(none), "");
}

TEST(DaemonResponses, body_contains_the_given_options) {
  ReadJob job{.address = {.host = "h", .port = 26, .unit_id = 3}, .profile_name = "hgm9560"};
  EXPECT_EQ(read_body(job), R"({"ip_address":"h","port":26,"slave_id":3,"profile":"hgm9560"})");
  job.protocol_given = modbus::Protocol::tcp;
  job.range = modbus::ReadRequest{.function = modbus::Function::holding_registers, .first = 120, .count = 16};
  EXPECT_EQ(read_body(job),
            R"({"ip_address":"h","port":26,"slave_id":3,"profile":"hgm9560","protocol":"tcp",)"
            R"("raw":{"address":120,"count":16}})");
}

}  // namespace
}  // namespace gensetd::commands
