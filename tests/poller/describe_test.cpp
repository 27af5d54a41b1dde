#include "poller/describe.hpp"

#include "link/error.hpp"
#include "modbus/error.hpp"
#include "profile/catalog.hpp"

#include <boost/asio/error.hpp>
#include <gtest/gtest.h>

namespace gensetd::poller {
namespace {

using namespace std::chrono_literals;

const Address genset{.host = "192.168.97.10", .port = 502, .unit_id = 1, .protocol = modbus::Protocol::tcp};

std::string said(boost::system::error_code error, boost::system::error_code cause = {},
                 std::uint8_t exception = 0) {
  return describe(
      genset,
      {.request = {.first = 120, .count = 16}, .error = error, .cause = cause, .exception = exception},
      2'000ms);
}

TEST(Describe, each_failure_says_what_happened_and_where) {
  EXPECT_EQ(said(link::Error::no_answer),
            "192.168.97.10:502 unit 1: no answer within 2.0 s to read 120..135");
  EXPECT_EQ(said(link::Error::connect_timeout),
            "192.168.97.10:502: no connection within 2.0 s; check address, power and network");
  EXPECT_EQ(said(link::Error::connect_failed, boost::asio::error::connection_refused),
            "192.168.97.10:502: connection refused");
  EXPECT_EQ(said(link::Error::connection_lost, boost::asio::error::eof),
            "192.168.97.10:502 unit 1: the connection was closed before the answer to read 120..135");
  EXPECT_EQ(said(modbus::Error::exception_answer, {}, 2),
            "192.168.97.10:502 unit 1: refuses to read 120..135: illegal data address (exception 2)");
  EXPECT_EQ(said(modbus::Error::broken_answer),
            "192.168.97.10:502 unit 1: wrong CRC in the answer to read 120..135; check wiring, baud rate and "
            "termination");
  EXPECT_EQ(said(modbus::Error::foreign_answer),
            "192.168.97.10:502 unit 1: only answers to others' requests came within 2.0 s to read 120..135");
  EXPECT_EQ(
      said(modbus::Error::wrong_protocol),
      "192.168.97.10:502 unit 1: answers in Modbus RTU to Modbus TCP; set protocol to rtu_over_tcp, or the "
      "converter to Modbus TCP");
  EXPECT_EQ(said(link::Error::name_not_found, boost::asio::error::host_not_found)
                .find("192.168.97.10:502: the host "
                      "name has no address (host not"),
            0U);
}

TEST(Describe, one_register_and_short_times_read_naturally) {
  const link::Outcome silent{.request = {.first = 511, .count = 1}, .error = link::Error::no_answer};
  EXPECT_EQ(describe(genset, silent, 250ms), "192.168.97.10:502 unit 1: no answer within 0.25 s to read 511");
  EXPECT_EQ(describe(genset, silent, 60'000ms),
            "192.168.97.10:502 unit 1: no answer within 60.0 s to read 511");
}

TEST(Describe, address_of_ipv6_is_bracketed) {
  EXPECT_EQ(host_and_port("fd00::1", 502), "[fd00::1]:502");
  EXPECT_EQ(host_and_port("moxa-1", 4001), "moxa-1:4001");
}

TEST(Describe, refused_blocks_are_named) {
  const auto catalog = profile::Catalog::built_in();
  const auto profile = catalog.find("hgm9560");
  EXPECT_EQ(describe(genset, *profile, {}), "");
  const auto last = static_cast<std::uint16_t>(profile->blocks.size() - 1);
  EXPECT_EQ(
      describe(genset, *profile, {{.block = last, .exception = 2}, {.block = 0, .exception = 4}}),
      "192.168.97.10:502 unit 1: refuses accumulated (203..211): illegal data address (exception 2), status "
      "(0..2): server device failure (exception 4)");
}

}  // namespace
}  // namespace gensetd::poller
