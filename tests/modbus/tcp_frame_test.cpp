#include "modbus/tcp_frame.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace gensetd::modbus {
namespace {

using Bytes = std::vector<std::uint8_t>;

const ReadRequest request{.unit_id = 1, .function = Function::holding_registers, .first = 120, .count = 2};
constexpr std::uint16_t transaction = 0x1234;

// transaction 1234, protocol 0, length 7, unit 1, function 3, 4 bytes: 0102 0304
const Bytes response{0x12, 0x34, 0, 0, 0, 7, 1, 3, 4, 1, 2, 3, 4};

Bytes with(std::size_t offset, std::uint8_t value) {
  Bytes changed = response;
  changed[offset] = value;
  return changed;
}

TEST(TcpFrame, request_is_encoded_as_in_the_standard) {
  const auto frame = encode_tcp(request, transaction);
  EXPECT_EQ(Bytes(frame.begin(), frame.end()), (Bytes{0x12, 0x34, 0, 0, 0, 6, 1, 3, 0, 120, 0, 2}));
}

TEST(TcpFrame, response_is_accepted_only_when_it_is_complete) {
  for (std::size_t length = 0; length < response.size(); ++length) {
    const Bytes part(response.begin(), response.begin() + static_cast<std::ptrdiff_t>(length));
    const auto result = parse_tcp_response(request, transaction, part);
    ASSERT_TRUE(std::holds_alternative<Incomplete>(result)) << length;
    ASSERT_GT(std::get<Incomplete>(result).needed, length);
  }
  Bytes received = response;
  received.push_back(0x99);  // the next frame's first byte
  const auto result = parse_tcp_response(request, transaction, received);
  ASSERT_TRUE(std::holds_alternative<Response>(result));
  const auto& taken = std::get<Response>(result);
  EXPECT_EQ(Bytes(taken.data.begin(), taken.data.end()), (Bytes{1, 2, 3, 4}));
  EXPECT_EQ(taken.length, response.size());
}

TEST(TcpFrame, frame_that_is_not_our_response_is_rejected) {
  struct Row {
    std::string name;
    Bytes received;
    Mismatch why;
  };
  const std::vector<Row> rows{
      {"transaction id", with(1, 0x35), Mismatch::transaction_id},
      {"protocol id", with(3, 1), Mismatch::garbage},
      {"length below a PDU", with(5, 2), Mismatch::garbage},
      {"length above a PDU", with(4, 1), Mismatch::garbage},
      {"unit", with(6, 2), Mismatch::unit_id},
      {"function", with(7, 4), Mismatch::function},
      {"exception of another function", with(7, 0x84), Mismatch::function},
      {"byte count too large", with(8, 6), Mismatch::byte_count},
      {"byte count too small", with(8, 2), Mismatch::byte_count},
      {"a valid response to a longer request", Bytes{0x12, 0x34, 0, 0, 0, 9, 1, 3, 6, 1, 2, 3, 4, 5, 6},
       Mismatch::byte_count},
      {"a valid response to a shorter request", Bytes{0x12, 0x34, 0, 0, 0, 5, 1, 3, 2, 1, 2},
       Mismatch::byte_count},
      {"byte count right, length too large", Bytes{0x12, 0x34, 0, 0, 0, 8, 1, 3, 4, 1, 2, 3, 4, 5},
       Mismatch::byte_count},
      {"exception of a wrong length", with(7, 0x83), Mismatch::byte_count},
      {"an RTU response", Bytes{1, 3, 4, 0, 1, 0, 2, 0x2A, 0x32}, Mismatch::other_protocol},
      {"an RTU response of another function", Bytes{1, 4, 4, 0, 1, 0, 2, 0x2B, 0x85}, Mismatch::garbage},
  };
  for (const Row& row : rows) {
    const auto result = parse_tcp_response(request, transaction, row.received);
    ASSERT_TRUE(std::holds_alternative<Mismatched>(result)) << row.name;
    EXPECT_EQ(std::get<Mismatched>(result).why, row.why) << row.name;
    EXPECT_EQ(std::get<Mismatched>(result).length, row.received.size()) << row.name;
  }
}

TEST(TcpFrame, exception_refuses_the_request) {
  const auto result = parse_tcp_response(request, transaction, Bytes{0x12, 0x34, 0, 0, 0, 3, 1, 0x83, 2});
  ASSERT_TRUE(std::holds_alternative<Refused>(result));
  EXPECT_EQ(std::get<Refused>(result).exception, 2);
  EXPECT_EQ(std::get<Refused>(result).length, 9U);
}

}  // namespace
}  // namespace gensetd::modbus
