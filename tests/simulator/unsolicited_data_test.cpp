#include "simulator/unsolicited_data.hpp"

#include "modbus/big_endian.hpp"
#include "modbus/crc.hpp"
#include "modbus/tcp_frame.hpp"
#include "simulator/response_lag.hpp"

#include <gtest/gtest.h>

#include <set>

namespace gensetd::simulator {
namespace {

constexpr LastRequest last{
    .read = {.unit_id = 7, .function = modbus::Function::holding_registers, .first = 10, .count = 5},
    .transaction_id = 0xFFFF};

// How far the ids of many unsolicited frames are from the last one.
std::set<int> distances(UnsolicitedIds ids) {
  Random random(1);
  std::set<int> found;
  for (int round = 0; round < 200; ++round) {
    const Bytes frame = unsolicited_data(last, false, ids, random);
    found.insert(static_cast<std::int16_t>(modbus::number_at(frame, 0) - last.transaction_id));
  }
  return found;
}

TEST(UnsolicitedData, transaction_ids_lie_before_at_or_after_the_last_one) {
  EXPECT_EQ(distances(UnsolicitedIds::before), (std::set{-3, -2, -1}));
  EXPECT_EQ(distances(UnsolicitedIds::at), (std::set{0}));
  EXPECT_EQ(distances(UnsolicitedIds::after), (std::set{1, 2, 3}));
  EXPECT_EQ(distances(UnsolicitedIds::any), (std::set{-3, -2, -1, 0, 1, 2, 3}));
}

TEST(UnsolicitedData, modbus_tcp_frames_are_good_responses_and_exceptions_of_the_last_unit_and_count) {
  Random random(2);
  bool refused = false;
  bool responded = false;
  for (int round = 0; round < 100; ++round) {
    const Bytes frame = unsolicited_data(last, false, UnsolicitedIds::at, random);
    const auto seen = modbus::parse_tcp_response(last.read, last.transaction_id, frame);
    refused = refused || std::holds_alternative<modbus::Refused>(seen);
    responded = responded || std::holds_alternative<modbus::Response>(seen);
    EXPECT_FALSE(std::holds_alternative<modbus::Mismatched>(seen));
  }
  EXPECT_TRUE(refused && responded);
}

TEST(UnsolicitedData, rtu_data_is_good_frames_and_bytes_that_are_none) {
  Random random(3);
  bool frames = false;
  bool others = false;
  for (int round = 0; round < 100; ++round) {
    const Bytes bytes = unsolicited_data(last, true, UnsolicitedIds::any, random);
    const bool is_frame = bytes.size() >= 5 && bytes[0] == last.read.unit_id && modbus::crc16(bytes) == 0;
    frames = frames || is_frame;
    others = others || (!is_frame && (bytes[0] == 0x00 || bytes[0] == 0xFF));
  }
  EXPECT_TRUE(frames && others);
}

TEST(UnsolicitedData, the_same_seed_gives_the_same_data) {
  Random once(4);
  Random again(4);
  for (int round = 0; round < 20; ++round)
    EXPECT_EQ(unsolicited_data(last, true, UnsolicitedIds::any, once),
              unsolicited_data(last, true, UnsolicitedIds::any, again));
}

TEST(ResponseIds, are_those_of_the_request_or_one_or_one_ahead) {
  const Bytes frame{0x12, 0xFF, 0, 0, 0, 3, 1, 0x83, 2};
  EXPECT_EQ(with_response_id(frame, ResponseIds::same), frame);
  EXPECT_EQ(modbus::number_at(with_response_id(frame, ResponseIds::one), 0), 1);
  EXPECT_EQ(modbus::number_at(with_response_id(frame, ResponseIds::ahead), 0), 0x1300);
}

Bytes response(std::uint8_t id, std::uint8_t unit_id, std::uint8_t value) {
  return {0, id, 0, 0, 0, 5, unit_id, 3, 2, 0, value};
}

TEST(ResponseLag, a_connection_sends_each_response_with_its_own_header_one_request_late) {
  ResponseLag lag(1);
  EXPECT_EQ(lag.next(response(1, 1, 10), {}, false), response(1, 1, 10));
  const ResponseLagOptions plan{.start_chance = 1};
  EXPECT_EQ(lag.next(response(2, 1, 11), plan, false), std::nullopt);
  EXPECT_EQ(lag.next(response(3, 2, 12), plan, false), response(2, 1, 11));
  EXPECT_EQ(lag.next(response(4, 1, 13), plan, false), response(3, 2, 12));
}

TEST(ResponseLag, a_gateway_puts_the_late_registers_under_the_new_id_and_unit_number) {
  ResponseLag lag(1);
  const ResponseLagOptions plan{.start_chance = 1, .renumbered = true};
  EXPECT_EQ(lag.next(response(2, 1, 11), plan, false), std::nullopt);
  EXPECT_EQ(lag.next(response(3, 2, 12), plan, false), response(3, 2, 11));
}

TEST(ResponseLag, what_recovers_drops_the_late_response_and_is_in_step) {
  ResponseLag lag(1);
  EXPECT_EQ(lag.next(response(2, 1, 11), {.start_chance = 1}, false), std::nullopt);
  EXPECT_EQ(lag.next(response(3, 1, 12), {.end_chance = 1}, false), response(3, 1, 12));
  EXPECT_EQ(lag.next(response(4, 1, 13), {}, false), response(4, 1, 13));
}

TEST(ResponseLag, the_same_seed_falls_behind_at_the_same_response) {
  ResponseLag once(9);
  ResponseLag again(9);
  for (std::uint8_t id = 0; id < 100; ++id) {
    const ResponseLagOptions plan{.start_chance = 0.1, .end_chance = 0.2};
    EXPECT_EQ(once.next(response(id, 1, id), plan, false), again.next(response(id, 1, id), plan, false));
  }
}

}  // namespace
}  // namespace gensetd::simulator
