#include "simulator/responder.hpp"

#include "modbus/rtu_frame.hpp"
#include "modbus/tcp_frame.hpp"
#include "profile/catalog.hpp"

#include <gtest/gtest.h>

namespace gensetd::simulator {
namespace {

// One controller with unit id 5, whose register n reads n + 1000 where the tests look.
class ResponderTest : public testing::Test {
 protected:
  ResponderTest() : bank(*profile::Catalog::built_in().find("hgm9520n")) {
    for (std::uint16_t address = 0; address < RegisterBank::size_min; ++address) {
      bank.pin(modbus::holding_register(address), static_cast<std::uint16_t>(address + 1'000));
    }
  }

  HandledRequest tcp(const Bytes& bytes) const { return respond_tcp(bytes, units); }
  HandledRequest rtu(const Bytes& bytes) const { return respond_rtu(bytes, units); }

  RegisterBank bank;
  RegisterLookup units = [this](std::uint8_t unit_id) { return unit_id == 5 ? &bank : nullptr; };
};

TEST_F(ResponderTest, tcp_read_is_responded_to_with_the_registers_and_the_transaction_id) {
  const HandledRequest handled = tcp({0xAB, 0xCD, 0, 0, 0, 6, 5, 3, 0, 40, 0, 2});
  EXPECT_EQ(handled.length, 12U);
  EXPECT_EQ(handled.response, (Bytes{0xAB, 0xCD, 0, 0, 0, 7, 5, 3, 4, 0x04, 0x10, 0x04, 0x11}));
}

TEST_F(ResponderTest, rtu_read_is_responded_to_with_the_registers_and_a_crc) {
  const HandledRequest handled = rtu(with_crc({5, 3, 0, 40, 0, 2}));
  EXPECT_EQ(handled.length, 8U);
  EXPECT_EQ(handled.response, with_crc({5, 3, 4, 0x04, 0x10, 0x04, 0x11}));
}

TEST_F(ResponderTest, every_part_of_a_request_waits_for_the_rest) {
  const auto tcp_request = modbus::encode_tcp(
      {.unit_id = 5, .function = modbus::Function::holding_registers, .first = 0, .count = 125}, 9);
  const auto rtu_request = modbus::encode_rtu(
      {.unit_id = 5, .function = modbus::Function::holding_registers, .first = 0, .count = 125});
  for (std::size_t length = 0; length < tcp_request.size(); ++length) {
    EXPECT_EQ(respond_tcp(std::span(tcp_request).first(length), units).length, 0U);
  }
  for (std::size_t length = 0; length < rtu_request.size(); ++length) {
    EXPECT_EQ(respond_rtu(std::span(rtu_request).first(length), units).length, 0U);
  }
}

TEST_F(ResponderTest, second_request_behind_the_first_is_left_for_later) {
  Bytes two = with_crc({5, 3, 0, 40, 0, 1});
  two.insert(two.end(), two.begin(), two.begin() + 8);
  const HandledRequest handled = rtu(two);
  EXPECT_EQ(handled.length, 8U);
  EXPECT_TRUE(handled.response);
}

struct RefusedRequest {
  const char* name;
  Bytes pdu;
  std::uint8_t exception;
};

TEST_F(ResponderTest, wrong_requests_are_refused_with_the_right_exception) {
  const std::vector<RefusedRequest> refusals{
      {"write register", {6, 0, 1, 0, 1}, 1},
      {"read coils", {1, 0, 0, 0, 1}, 1},
      {"write registers", {16, 0, 0, 0, 1, 2, 0, 9}, 1},
      {"no register", {3, 0, 0, 0, 0}, 3},
      {"126 registers", {3, 0, 0, 0, 126}, 3},
      {"beyond the last", {3, 0x04, 0x00, 0, 1}, 2},
      {"over the end", {3, 0x03, 0xFF, 0, 2}, 2},
      {"at the end of the address space", {3, 0xFF, 0xFF, 0, 125}, 2},
  };
  for (const RefusedRequest& refusal : refusals) {
    Bytes tcp_frame{0, 7, 0, 0, 0, static_cast<std::uint8_t>(refusal.pdu.size() + 1), 5};
    tcp_frame.insert(tcp_frame.end(), refusal.pdu.begin(), refusal.pdu.end());
    const auto function = static_cast<std::uint8_t>(refusal.pdu[0] | 0x80);
    EXPECT_EQ(tcp(tcp_frame).response, (Bytes{0, 7, 0, 0, 0, 3, 5, function, refusal.exception}))
        << refusal.name;
    Bytes rtu_frame{5};
    rtu_frame.insert(rtu_frame.end(), refusal.pdu.begin(), refusal.pdu.end());
    EXPECT_EQ(rtu(with_crc(rtu_frame)).response, with_crc({5, function, refusal.exception})) << refusal.name;
  }
}

TEST_F(ResponderTest, last_register_and_the_longest_read_are_responded_to) {
  EXPECT_EQ(rtu(with_crc({5, 3, 0x03, 0xFF, 0, 1})).response, with_crc({5, 3, 2, 0x07, 0xE7}));
  EXPECT_EQ(tcp({0, 1, 0, 0, 0, 6, 5, 3, 0, 0, 0, 125}).response->size(), 259U);
}

TEST_F(ResponderTest, unknown_unit_is_silent_on_a_line_and_a_dead_target_behind_a_gateway) {
  const HandledRequest line = rtu(with_crc({6, 3, 0, 40, 0, 1}));
  EXPECT_EQ(line.length, 8U);
  EXPECT_FALSE(line.response);
  EXPECT_EQ(tcp({0, 1, 0, 0, 0, 6, 6, 3, 0, 0, 0, 1}).response, (Bytes{0, 1, 0, 0, 0, 3, 6, 0x83, 0x0B}));
}

TEST_F(ResponderTest, wrong_crc_is_silent) {
  Bytes request = with_crc({5, 3, 0, 40, 0, 1});
  for (std::size_t place = 0; place < request.size(); ++place) {
    Bytes broken = request;
    broken[place] ^= 1;
    EXPECT_FALSE(rtu(broken).response) << place;
  }
}

TEST_F(ResponderTest, frames_of_the_other_protocol_are_dropped_in_silence) {
  const HandledRequest tcp_on_rtu = rtu({0xAB, 0xCD, 0, 0, 0, 6, 5, 3, 0, 40, 0, 2});
  EXPECT_EQ(tcp_on_rtu.length, 12U);
  EXPECT_FALSE(tcp_on_rtu.response);
  const HandledRequest rtu_on_tcp = tcp(with_crc({5, 3, 0, 40, 0, 2}));
  EXPECT_EQ(rtu_on_tcp.length, 8U);
  EXPECT_FALSE(rtu_on_tcp.response);
}

}  // namespace
}  // namespace gensetd::simulator
