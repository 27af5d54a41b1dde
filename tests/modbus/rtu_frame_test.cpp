#include "modbus/rtu_frame.hpp"

#include "modbus/crc.hpp"

#include <gtest/gtest.h>

#include <random>
#include <span>
#include <string>
#include <vector>

namespace gensetd::modbus {
namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes closed(Bytes frame) {
  const std::uint16_t crc = crc16(frame);
  frame.push_back(static_cast<std::uint8_t>(crc & 0xFF));
  frame.push_back(static_cast<std::uint8_t>(crc >> 8));
  return frame;
}

Bytes operator+(Bytes left, const Bytes& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

const Bytes response = closed({1, 3, 4, 0x11, 0x22, 0x33, 0x44});

// The valid frames of `stream`, which arrives in the given pieces and ends with a silence.
std::vector<Bytes> frames_of(const Bytes& stream, const std::vector<std::size_t>& cuts) {
  std::vector<Bytes> frames;
  Bytes buffer;
  const auto look = [&](bool silent) {
    for (;;) {
      const RtuParse cut = parse_rtu(buffer, silent);
      std::size_t length = 0;
      if (const auto* frame = std::get_if<RtuFrame>(&cut)) {
        length = frame->length;
        frames.emplace_back(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(length));
      } else if (const auto* garbage = std::get_if<Garbage>(&cut)) {
        length = garbage->length;
      } else {
        return;
      }
      ASSERT_GT(length, 0U);
      ASSERT_LE(length, buffer.size());
      buffer.erase(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(length));
    }
  };
  std::size_t start = 0;
  for (const std::size_t cut : cuts) {
    buffer.insert(buffer.end(), stream.begin() + static_cast<std::ptrdiff_t>(start),
                  stream.begin() + static_cast<std::ptrdiff_t>(cut));
    start = cut;
    look(false);
  }
  look(true);
  EXPECT_TRUE(buffer.empty());
  return frames;
}

TEST(RtuFrame, request_is_encoded_with_its_crc) {
  const auto frame =
      encode_rtu({.unit_id = 1, .function = Function::holding_registers, .first = 0, .count = 3});
  EXPECT_EQ(Bytes(frame.begin(), frame.end()), (Bytes{1, 3, 0, 0, 0, 3, 0x05, 0xCB}));
}

TEST(RtuFrame, frame_is_described_by_its_kind) {
  const auto frame_of = [](const Bytes& bytes) {
    const RtuParse cut = parse_rtu(bytes, false);
    EXPECT_TRUE(std::holds_alternative<RtuFrame>(cut));
    RtuFrame frame = std::get<RtuFrame>(cut);
    EXPECT_EQ(frame.length, bytes.size());
    EXPECT_EQ(frame.crc, (bytes[bytes.size() - 2] << 8) | bytes.back());
    return frame;
  };
  RtuFrame frame = frame_of(response);
  EXPECT_EQ(frame.kind, RtuFrame::Kind::response);
  EXPECT_EQ(frame.unit_id, 1);
  EXPECT_EQ(frame.count, 2);
  EXPECT_EQ(Bytes(frame.data.begin(), frame.data.end()), (Bytes{0x11, 0x22, 0x33, 0x44}));
  const Bytes request = closed({7, 3, 0x01, 0x02, 0, 10});
  frame = frame_of(request);
  EXPECT_EQ(frame.kind, RtuFrame::Kind::request);
  EXPECT_EQ(frame.unit_id, 7);
  EXPECT_EQ(frame.first, 0x0102);
  EXPECT_EQ(frame.count, 10);
  const Bytes refusal = closed({9, 0x83, 2});
  frame = frame_of(refusal);
  EXPECT_EQ(frame.kind, RtuFrame::Kind::exception);
  EXPECT_EQ(frame.function, 3);
  EXPECT_EQ(frame.exception, 2);
  for (const Bytes& other : {closed({1, 4, 3, 0, 1, 2}), closed({1, 6, 0, 1, 0, 2}),
                             closed({1, 5, 0, 1, 0xFF, 0}), closed({1, 16, 0, 1, 0, 1}),
                             closed({1, 16, 0, 1, 0, 1, 2, 0, 7}), closed({1, 3, 5, 1, 2, 3, 4, 5})}) {
    EXPECT_EQ(frame_of(other).kind, RtuFrame::Kind::other) << int{other[1]};
  }
}

TEST(RtuFrame, response_is_found_behind_any_bytes_in_any_pieces) {
  struct Row {
    std::string name;
    Bytes before;
    std::size_t frames_before = 0;
  };
  const std::vector<Row> rows{
      {"nothing", {}},
      {"garbage", {0xFF, 0x00, 0x55}},
      {"the start of our response", {1, 3, 4, 9}},
      {"a response of another unit", closed({2, 3, 4, 9, 9, 9, 9}), 1},
      {"our unit with another length", closed({1, 3, 2, 9, 9}), 1},
      {"another master's request to our unit", closed({1, 3, 0, 55, 0, 2}), 1},
      {"another master's request that begins like our response", closed({1, 3, 4, 0, 0, 2}), 1},
      {"the head of a long foreign frame", {2, 3, 200}},
      {"an exception of another unit", closed({2, 0x83, 2}), 1},
      {"our response with a wrong CRC", {1, 3, 4, 0x11, 0x22, 0x33, 0x44, 0, 0}},
  };
  for (const Row& row : rows) {
    const Bytes stream = row.before + response;
    for (std::size_t first = 0; first <= stream.size(); ++first) {
      for (std::size_t second = first; second <= stream.size(); ++second) {
        const auto frames = frames_of(stream, {first, second, stream.size()});
        ASSERT_EQ(frames.size(), row.frames_before + 1) << row.name << ' ' << first << ' ' << second;
        ASSERT_EQ(frames.back(), response) << row.name << ' ' << first << ' ' << second;
      }
    }
  }
}

TEST(RtuFrame, frame_in_the_payload_of_another_frame_is_not_found) {
  // Another master's response whose registers look like our response, including the CRC; in any two pieces.
  const Bytes foreign =
      closed(Bytes{2, 3, static_cast<std::uint8_t>(response.size() + 1)} + response + Bytes{0});
  for (std::size_t cut = 0; cut <= foreign.size(); ++cut)
    ASSERT_EQ(frames_of(foreign, {cut, foreign.size()}), std::vector<Bytes>{foreign}) << cut;
}

TEST(RtuFrame, incomplete_frame_is_waited_for_until_silence) {
  for (const Bytes& whole :
       {response, closed({2, 3, 6, 1, 3, 4, 9, 9, 9}), closed({1, 4, 4, 9, 9, 9, 9}),
        closed({1, 3, 4, 0, 0, 2}), closed({1, 0x83, 2}), closed({1, 16, 0, 1, 0, 1, 2, 0, 7})}) {
    for (std::size_t length = 0; length < whole.size(); ++length) {
      const Bytes part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
      const RtuParse cut = parse_rtu(part, false);
      ASSERT_TRUE(std::holds_alternative<Incomplete>(cut)) << length;
      ASSERT_GT(std::get<Incomplete>(cut).needed, length);
      ASSERT_LE(std::get<Incomplete>(cut).needed, whole.size());
      if (length > 0) {
        const RtuParse silent = parse_rtu(part, true);
        ASSERT_TRUE(std::holds_alternative<Garbage>(silent));
      }
    }
  }
}

TEST(RtuFrame, response_with_any_corrupted_byte_is_rejected) {
  for (std::size_t position = 0; position < response.size(); ++position) {
    for (unsigned flip = 1; flip < 256; ++flip) {
      Bytes corrupted = response;
      corrupted[position] = static_cast<std::uint8_t>(corrupted[position] ^ flip);
      ASSERT_TRUE(frames_of(corrupted, {corrupted.size()}).empty()) << position << ' ' << flip;
    }
  }
}

// A valid frame with a 0 behind it has a valid CRC too. No 0 can follow a request, because no response begins
// with 0.
TEST(RtuFrame, response_of_two_registers_is_never_taken_for_a_request_and_a_0) {
  for (unsigned value = 0; value < 65'536; ++value) {
    const Bytes frame =
        closed({1, 3, 4, 0x4B, static_cast<std::uint8_t>(value % 7), static_cast<std::uint8_t>(value >> 8),
                static_cast<std::uint8_t>(value & 0xFF)});
    const RtuParse cut = parse_rtu(frame, false);
    const auto* found = std::get_if<RtuFrame>(&cut);
    ASSERT_NE(found, nullptr) << value;
    ASSERT_EQ(found->kind, RtuFrame::Kind::response) << value;
    ASSERT_EQ(found->length, frame.size()) << value;
  }
}

TEST(RtuFrame, every_request_is_found_complete) {
  for (unsigned first = 0; first < 2'048; ++first) {
    for (std::uint16_t count = 1; count <= registers_per_request_max; ++count) {
      const auto frame = encode_rtu({.unit_id = 1,
                                     .function = Function::holding_registers,
                                     .first = static_cast<std::uint16_t>(first),
                                     .count = count});
      const RtuParse cut = parse_rtu(frame, false);
      const auto* found = std::get_if<RtuFrame>(&cut);
      ASSERT_NE(found, nullptr) << first << '+' << count;
      ASSERT_EQ(found->kind, RtuFrame::Kind::request) << first << '+' << count;
    }
  }
}

TEST(RtuFrame, head_of_a_response_has_the_unit_id_function_and_byte_count_of_the_request) {
  const ReadRequest registers{.unit_id = 1, .function = Function::input_registers, .first = 55, .count = 2};
  EXPECT_TRUE(begins_rtu_response(registers, Bytes{1, 4, 4}));
  EXPECT_FALSE(begins_rtu_response(registers, Bytes{2, 4, 4}));
  EXPECT_FALSE(begins_rtu_response(registers, Bytes{1, 3, 4}));
  EXPECT_FALSE(begins_rtu_response(registers, Bytes{1, 4, 2}));
  EXPECT_FALSE(begins_rtu_response(registers, Bytes{1, 4}));
  const ReadRequest bits{.unit_id = 1, .function = Function::coils, .first = 55, .count = 12};
  EXPECT_TRUE(begins_rtu_response(bits, Bytes{1, 1, 2}));
}

TEST(RtuFrame, each_read_function_is_encoded_and_there_is_no_other) {
  for (int function = 0; function <= 255; ++function)
    EXPECT_EQ(is_read_function(static_cast<std::uint8_t>(function)), function >= 1 && function <= 4);
  for (std::uint8_t function = 1; function <= 4; ++function) {
    const auto frame = encode_rtu(
        {.unit_id = 7, .function = static_cast<Function>(function), .first = 0x0102, .count = 0x0304});
    EXPECT_EQ(Bytes(frame.begin(), frame.end()), closed({7, function, 1, 2, 3, 4}));
  }
}

// Frames of the other tables, between masters that gensetd hears.
TEST(RtuFrame, reads_of_all_tables_are_described) {
  const auto described = [](const Bytes& bytes) { return std::get<RtuFrame>(parse_rtu(bytes, true)); };
  EXPECT_EQ(described(closed({1, 1, 0, 0, 0, 12})).kind, RtuFrame::Kind::request);
  EXPECT_EQ(described(closed({1, 1, 0, 0, 0, 12})).response_head(), (ResponseHead{1, Function::coils, 2}));
  EXPECT_EQ(described(closed({1, 2, 2, 0xFF, 1})).kind, RtuFrame::Kind::response);
  EXPECT_EQ(described(closed({1, 2, 2, 0xFF, 1})).response_head(),
            (ResponseHead{1, Function::discrete_inputs, 2}));
  EXPECT_EQ(described(closed({1, 4, 4, 0, 1, 0, 2})).response_head(),
            (ResponseHead{1, Function::input_registers, 2}));
  // Eight bytes: a response with three bytes of bits, as these cannot be the number of bits of a request.
  EXPECT_EQ(described(closed({1, 1, 3, 1, 0xFF, 0xFF})).kind, RtuFrame::Kind::response);
}

TEST(RtuFrame, modbus_tcp_response_of_the_unit_is_recognised) {
  const ReadRequest request{.unit_id = 1, .function = Function::holding_registers, .first = 55, .count = 2};
  EXPECT_TRUE(is_tcp_response(request, Bytes{0, 1, 0, 0, 0, 7, 1, 3, 4, 1, 2, 3, 4}));
  EXPECT_TRUE(is_tcp_response(request, Bytes{0, 1, 0, 0, 0, 3, 1, 0x83, 2}));
  EXPECT_FALSE(is_tcp_response(request, Bytes{0, 1, 0, 0, 0, 7, 2, 3, 4, 1, 2, 3, 4}));
  EXPECT_FALSE(is_tcp_response(request, Bytes{0, 1, 0, 0, 0, 7, 1, 4, 4, 1, 2, 3, 4}));
  EXPECT_FALSE(is_tcp_response(request, response));
}

TEST(RtuFrame, random_bytes_are_always_consumed) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 20'000; ++round) {
    Bytes bytes(random() % 300);
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random() % 6);
    const RtuParse cut = parse_rtu(bytes, false);
    if (const auto* more = std::get_if<Incomplete>(&cut)) {
      ASSERT_GT(more->needed, bytes.size());
      ASSERT_LE(more->needed, rtu_frame_max);
    }
  }
}

TEST(RtuFrame, response_whose_first_bytes_look_like_a_request_is_a_response) {
  const Bytes frame{8, 3, 4, 0, 0, 3, 4, 0x62, 0};
  ASSERT_EQ(crc16(frame), 0);
  ASSERT_EQ(crc16(std::span(frame).first(rtu_request_length)), 0);
  EXPECT_EQ(frames_of(frame, {frame.size()}), std::vector<Bytes>{frame});
}

TEST(RtuFrame, request_whose_head_looks_like_a_response_without_data_is_found_complete) {
  // Another master reads input registers 0x0083.. of unit 3; the CRC of 03 04 00 is 83 00.
  const Bytes frame = closed({3, 4, 0x00, 0x83, 0x00, 2});
  ASSERT_EQ(crc16(std::span(frame).first(5)), 0);
  EXPECT_EQ(frames_of(frame, {frame.size()}), std::vector<Bytes>{frame});
}

}  // namespace
}  // namespace gensetd::modbus
