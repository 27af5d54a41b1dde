#include "poller/describe.hpp"

#include "link/error.hpp"
#include "modbus/error.hpp"
#include "profile/catalog.hpp"
#include "text/host_port.hpp"

#include <boost/asio/error.hpp>
#include <boost/system/errc.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <string_view>

namespace gensetd::poller {
namespace {

using namespace std::chrono_literals;

const DeviceAddress genset{
    .host = "192.168.97.10", .port = 502, .unit_id = 1, .protocol = modbus::Protocol::tcp};
const DeviceAddress switchboard{
    .host = "192.168.97.20", .port = 26, .unit_id = 3, .protocol = modbus::Protocol::rtu_over_tcp};

std::string text_of(const DeviceAddress& address, link::Outcome outcome) {
  outcome.request = {.function = modbus::Function::holding_registers, .first = 120, .count = 16};
  return describe(address, outcome, 2'000ms);
}

namespace errc = boost::system::errc;

TEST(Describe, failed_connection_names_its_step_and_what_to_check) {
  struct Row {
    const char* name;
    link::Outcome outcome;
    const char* text;
  };
  const Row rows[] = {
      {"no connection in time",
       {.error = link::Error::connect_timeout},
       "192.168.97.10:502: no connection within 2.0 s; check address, power, cable and firewalls"},
      {"refused",
       {.error = link::Error::connect_failed, .cause = boost::asio::error::connection_refused},
       "192.168.97.10:502: connection refused; the host is reachable, but nothing listens on this port: "
       "check "
       "the port, and that the converter is a TCP server"},
      {"no host at the address",
       {.error = link::Error::connect_failed, .cause = errc::make_error_code(errc::host_unreachable)},
       "192.168.97.10:502: no route to host; no host responds at this address: check the address, power and "
       "cable"},
      {"no route to the network",
       {.error = link::Error::connect_failed, .cause = boost::asio::error::network_unreachable},
       "192.168.97.10:502: network is unreachable; this machine has no route to that network: check its own "
       "address, gateway and cable"},
      {"forbidden",
       {.error = link::Error::connect_failed, .cause = boost::asio::error::access_denied},
       "192.168.97.10:502: permission denied; a firewall on this machine blocks the connection"},
      {"not allowed",
       {.error = link::Error::loopback_not_allowed},
       "192.168.97.10:502: a loopback address, this machine itself, is not connected to without "
       "ALLOW_LOOPBACK_DEVICES=1; check the address"},
      {"any other reason",
       {.error = link::Error::connect_failed, .cause = boost::asio::error::no_memory},
       "192.168.97.10:502: cannot allocate memory"},
  };
  for (const Row& row : rows) EXPECT_EQ(text_of(genset, row.outcome), row.text) << row.name;
  EXPECT_EQ(
      text_of(genset, {.error = link::Error::name_not_found, .cause = boost::asio::error::host_not_found})
          .find("192.168.97.10:502: the host name has no address (host not found (authoritative)); check "),
      0U);
}

TEST(Describe, missing_response_names_what_to_check_in_which_protocol) {
  const std::string start = "192.168.97.10:502 unit 1: no answer within 2.0 s to read 120..135";
  EXPECT_EQ(text_of(genset, {.error = link::Error::no_response}),
            start +
                "; the port is open: check the unit id, whether the protocol is tcp, and the wiring "
                "behind a converter");
  EXPECT_EQ(text_of(switchboard, {.error = link::Error::no_response}),
            "192.168.97.20:26 unit 3: no answer within 2.0 s to read 120..135; the port is open: check the "
            "unit id, wiring, baud rate and parity, and whether the protocol is rtu_over_tcp");
  EXPECT_EQ(text_of(switchboard, {.error = link::Error::connection_lost, .cause = boost::asio::error::eof}),
            "192.168.97.20:26 unit 3: the connection was closed before the answer to read 120..135; another "
            "client may hold it, or the protocol is not rtu_over_tcp");
}

TEST(Describe, mismatching_response_is_described_as_received) {
  EXPECT_EQ(
      text_of(genset, {.error = modbus::ResponseError::wrong_transaction,
                       .observed = {.transaction_id = 2, .own_transaction_id = 1}}),
      "192.168.97.10:502 unit 1: responds with transaction id 2 instead of 1 to read 120..135; the "
      "controller or "
      "gateway does not return the transaction id: update its firmware, or use rtu_over_tcp if the gateway "
      "has a transparent mode");
  EXPECT_EQ(text_of(genset, {.error = modbus::ResponseError::wrong_length,
                             .observed = {.register_count = 20, .own_register_count = 28}}),
            "192.168.97.10:502 unit 1: returned 20 registers instead of 28 to read 120..135; either the "
            "controller returns fewer registers than requested: check the profile, or the gateway is one "
            "response behind: raise its timeout");
  const auto of_coils = [](std::uint16_t returned) {
    link::Outcome outcome{.error = modbus::ResponseError::wrong_length,
                          .observed = {.register_count = returned, .own_register_count = 10}};
    outcome.request = {.unit_id = 1, .function = modbus::Function::coils, .first = 0, .count = 10};
    return describe(genset, outcome, std::chrono::seconds{2});
  };
  EXPECT_EQ(of_coils(8),
            "192.168.97.10:502 unit 1: returned 8 bits instead of 10 to read coils 0..9; either the "
            "controller returns fewer bits than "
            "requested: check the profile, or the gateway is one response behind: raise its timeout");
  EXPECT_TRUE(
      of_coils(16).starts_with("192.168.97.10:502 unit 1: returned bits other than 0 behind the last one to "
                               "read coils 0..9; a controller that does not clear "
                               "them needs a block with a multiple of 8 bits; "))
      << of_coils(16);
  EXPECT_EQ(
      text_of(switchboard, {.error = modbus::ResponseError::foreign_response,
                            .observed = {.register_count = 20, .own_register_count = 28}}),
      "192.168.97.20:26 unit 3: returned 20 registers instead of 28 to read 120..135; either the "
      "controller returns fewer registers than requested: check the profile, or this is the response to "
      "another master on the line, or to another client of the converter");
  for (const DeviceAddress& address : {genset, switchboard}) {
    for (const auto error : {boost::system::error_code{link::Error::no_response},
                             boost::system::error_code{modbus::ResponseError::foreign_response}}) {
      const std::string text =
          text_of(address, {.error = error, .observed = {.late = std::chrono::milliseconds{3'000}}});
      EXPECT_NE(
          text.find("no answer within 2.0 s to read 120..135; an earlier request was answered after 3.0 s: "
                    "raise MODBUS_TIMEOUT"),
          std::string::npos)
          << text;
    }
  }
}

TEST(Describe, foreign_or_broken_response_has_its_origin_and_reason) {
  EXPECT_EQ(text_of(genset, {.error = modbus::ResponseError::foreign_response, .other_unit = 2}),
            "192.168.97.10:502 unit 1: unit 2 answered instead to read 120..135; check the unit id");
  EXPECT_EQ(text_of(switchboard, {.error = modbus::ResponseError::foreign_response, .other_unit = 2}),
            "192.168.97.20:26 unit 3: unit 2 answered instead to read 120..135; check the unit id, or look "
            "for another master on the line");
  EXPECT_EQ(
      text_of(genset, {.error = modbus::ResponseError::foreign_response}),
      "192.168.97.10:502 unit 1: received only responses to other requests within 2.0 s to read 120..135; "
      "look for another client of the gateway");
  EXPECT_EQ(text_of(switchboard, {.error = modbus::ResponseError::foreign_response}),
            "192.168.97.20:26 unit 3: received only answers to other masters' requests within 2.0 s to read "
            "120..135; "
            "look for another master on the line, or another client of the converter");
  EXPECT_EQ(text_of(switchboard, {.error = modbus::ResponseError::damaged_response}),
            "192.168.97.20:26 unit 3: wrong CRC in the answer to read 120..135; check baud rate, parity, "
            "wiring and termination, or the converter is in another mode (Modbus TCP, or not transparent)");
  EXPECT_EQ(text_of(genset, {.error = modbus::ResponseError::damaged_response}),
            "192.168.97.10:502 unit 1: received bytes that are not Modbus TCP instead of the answer to read "
            "120..135; check the port, and the protocol: behind a converter in transparent mode it is "
            "rtu_over_tcp");
  EXPECT_EQ(text_of(genset, {.error = modbus::ResponseError::wrong_protocol}),
            "192.168.97.10:502 unit 1: responds in Modbus RTU to a Modbus TCP request; set protocol to "
            "rtu_over_tcp, or "
            "the converter to Modbus TCP");
  EXPECT_EQ(
      text_of(switchboard, {.error = modbus::ResponseError::wrong_protocol}),
      "192.168.97.20:26 unit 3: responds in Modbus TCP to a Modbus RTU request; set protocol to tcp, or the "
      "converter to transparent mode");
  EXPECT_EQ(
      text_of(switchboard, {.error = link::Error::indistinguishable}),
      "192.168.97.20:26 unit 3: did not request 120..135: another master requests every register count of "
      "this unit that gensetd could use, so the responses could not be distinguished; stop the other "
      "master or the other client of the converter");
}

TEST(Describe, exception_has_its_meaning) {
  const auto refused = [](std::uint8_t code) {
    return text_of(genset, {.error = modbus::ResponseError::exception_response, .exception = code});
  };
  const std::string start = "192.168.97.10:502 unit 1: refuses to read 120..135: ";
  EXPECT_EQ(refused(2),
            start + "illegal data address (exception 2); it has no such registers: check the profile");
  EXPECT_EQ(refused(11), start +
                             "gateway target device failed to respond (exception 11); the converter works, "
                             "but the controller behind it does not respond: check unit id, wiring, "
                             "baud rate and parity");
  EXPECT_EQ(refused(77), start + "unknown exception (exception 77)");
  for (const int code : {1, 2, 3, 4, 5, 6, 10, 11})
    EXPECT_NE(refused(static_cast<std::uint8_t>(code)).find("); "), std::string::npos) << code;
}

TEST(Describe, single_registers_and_short_times_are_readable) {
  const link::Outcome silent{
      .request = {.function = modbus::Function::holding_registers, .first = 511, .count = 1},
      .error = link::Error::no_response};
  EXPECT_EQ(
      describe(genset, silent, 250ms).find("192.168.97.10:502 unit 1: no answer within 0.25 s to read 511; "),
      0U);
  EXPECT_EQ(describe(genset, silent, 60'000ms)
                .find("192.168.97.10:502 unit 1: no answer within 60.0 s to read 511; "),
            0U);
}

TEST(Describe, address_of_ipv6_is_bracketed) {
  EXPECT_EQ(text::print_host_port("fd00::1", 502), "[fd00::1]:502");
  EXPECT_EQ(text::print_host_port("moxa-1", 4001), "moxa-1:4001");
}

TEST(Describe, refused_blocks_are_named) {
  const auto catalog = profile::Catalog::built_in();
  const auto profile = catalog.find("hgm9560");
  EXPECT_EQ(describe(genset, *profile, MissingBlocks{}), "");
  const auto index_of = [&](std::string_view name) {
    const auto block = std::ranges::find(profile->blocks, name, &profile::Block::name);
    return static_cast<std::uint16_t>(block - profile->blocks.begin());
  };
  const MissingBlocks refused{.refused = {{.block = index_of("accumulated"), .exception = 2},
                                          {.block = index_of("status"), .exception = 4}}};
  EXPECT_EQ(
      describe(genset, *profile, refused),
      "192.168.97.10:502 unit 1: refuses accumulated (203..211): illegal data address (exception 2), status "
      "(0..2): server device failure (exception 4)");
  const MissingBlocks unread{.unread = {index_of("alarm_words"), index_of("mains_failure")}};
  EXPECT_EQ(
      describe(genset, *profile, unread),
      "192.168.97.10:502 unit 1: returned no data for alarm_words (8..30), mains_failure (44) in the last "
      "3 attempts");
}

}  // namespace
}  // namespace gensetd::poller
