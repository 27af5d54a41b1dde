#include "api/connection_bodies.hpp"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

namespace gensetd::api {
namespace {

boost::json::object body(std::string_view text) {
  return boost::json::parse({text.data(), text.size()}).as_object();
}

TEST(ConnectionBodies, raw_is_removed_from_the_body) {
  auto given = body(R"({"ip_address":"h","raw":{"address":120,"count":16}})");
  const auto range = std::get<0>(take_range(given));
  ASSERT_TRUE(range);
  EXPECT_EQ(*range, (modbus::ReadRequest{
                        .function = modbus::Function::holding_registers, .first = 120, .count = 16}));
  EXPECT_FALSE(given.contains("raw"));
  EXPECT_FALSE(std::get<0>(take_range(given)));
}

TEST(ConnectionBodies, invalid_range_is_refused_with_its_field) {
  const std::pair<const char*, const char*> rows[] = {
      {R"({"raw":null})", "raw"},
      {R"({"raw":"120:16"})", "raw"},
      {R"({"raw":{"address":1}})", "raw.count"},
      {R"({"raw":{"address":-1,"count":1}})", "raw.address"},
      {R"({"raw":{"address":0,"count":0}})", "raw.count"},
      {R"({"raw":{"address":0,"count":126}})", "raw.count"},
      {R"({"raw":{"address":65535,"count":2}})", "raw.count"},
      {R"({"raw":{"address":0,"count":1,"unit":1}})", "raw.unit"},
  };
  for (const auto& [text, field] : rows) {
    auto given = body(text);
    const auto range = take_range(given);
    ASSERT_TRUE(std::holds_alternative<registry::Refusal>(range)) << text;
    EXPECT_EQ(std::get<registry::Refusal>(range).field, field) << text;
  }
}

TEST(ConnectionBodies, default_protocol_is_that_of_the_profile) {
  const auto catalog = profile::Catalog::built_in();
  const auto protocol = [&](std::string_view text) {
    return std::get<ProbeRequest>(target_of(body(text), catalog)).protocol;
  };
  EXPECT_EQ(protocol(R"({"ip_address":"h"})"), modbus::Protocol::tcp);
  EXPECT_EQ(protocol(R"({"ip_address":"h","profile":"hgm9560"})"), modbus::Protocol::rtu_over_tcp);
  EXPECT_EQ(protocol(R"({"ip_address":"h","profile":"hgm9560","protocol":"tcp"})"), modbus::Protocol::tcp);
}

TEST(ConnectionBodies, connection_test_reports_the_model) {
  const ProbeResult found{.latency = std::chrono::microseconds{1'250},
                          .address = 768,
                          .raw_value = 5,
                          .identity = "unlikely",
                          .identity_reason = "register 770 is \"x\"",
                          .firmware = "4.12"};
  EXPECT_EQ(to_json(found),
            R"({"success":true,"error":null,"latency_ms":1.25,"address":768,"raw_value":5,)"
            R"("identity":"unlikely","identity_reason":"register 770 is \"x\"","firmware":"4.12"})");
  EXPECT_EQ(to_json(ProbeResult{.error = "h:502: no", .raw_value = 5}),
            R"({"success":false,"error":"h:502: no","latency_ms":0,"address":0,"raw_value":null,)"
            R"("identity":null,"identity_reason":null,"firmware":null})");
}

TEST(ConnectionBodies, registers_are_printed_in_runs) {
  ReadNowResult found{.latency = std::chrono::microseconds{1'500}, .requests = 2};
  found.registers = {{modbus::holding_register(0), 512},
                     {modbus::holding_register(120), 3985},
                     {modbus::holding_register(121), 0},
                     {modbus::holding_register(65'535), 7}};
  EXPECT_EQ(
      to_json(found),
      R"({"success":true,"error":null,"latency_ms":1.5,"requests":2,"reading":null,"registers":[)"
      R"({"address":0,"values":[512]},{"address":120,"values":[3985,0]},{"address":65535,"values":[7]}]})");
  EXPECT_EQ(to_json(ReadNowResult{.error = "h:502: no"}),
            R"({"success":false,"error":"h:502: no","latency_ms":0,"requests":0,"reading":null,)"
            R"("registers":[]})");
}

}  // namespace
}  // namespace gensetd::api
