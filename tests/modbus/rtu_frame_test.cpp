#include "modbus/rtu_frame.hpp"

#include "modbus/crc.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace gensetd::modbus {
namespace {

using Bytes = std::vector<std::uint8_t>;

const ReadRequest request{.unit_id = 1, .first = 55, .count = 2};

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

const Bytes answer = closed({1, 3, 4, 0x11, 0x22, 0x33, 0x44});
const Bytes payload{0x11, 0x22, 0x33, 0x44};

// Feeds `stream` in the given pieces as a link does, dropping what is not ours; the registers taken, or
// nothing.
Bytes receive(const Bytes& stream, const std::vector<std::size_t>& cuts) {
  Bytes buffer;
  std::size_t start = 0;
  for (const std::size_t cut : cuts) {
    buffer.insert(buffer.end(), stream.begin() + static_cast<std::ptrdiff_t>(start),
                  stream.begin() + static_cast<std::ptrdiff_t>(cut));
    start = cut;
    while (true) {
      const auto result = assemble_rtu(request, buffer);
      if (const auto* taken = std::get_if<Answer>(&result))
        return {taken->registers.begin(), taken->registers.end()};
      const auto* dropped = std::get_if<NotOurs>(&result);
      if (dropped == nullptr) break;
      EXPECT_GT(dropped->length, 0U);
      EXPECT_LE(dropped->length, buffer.size());
      buffer.erase(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(dropped->length));
    }
  }
  return {};
}

TEST(RtuFrame, request_is_encoded_with_its_crc) {
  const auto frame = encode_rtu({.unit_id = 1, .first = 0, .count = 3});
  EXPECT_EQ(Bytes(frame.begin(), frame.end()), (Bytes{1, 3, 0, 0, 0, 3, 0x05, 0xCB}));
}

TEST(RtuFrame, answer_is_found_behind_anything_however_it_is_cut) {
  struct Row {
    std::string name;
    Bytes before;
  };
  const std::vector<Row> rows{
      {"nothing", {}},
      {"garbage", {0xFF, 0x00, 0x55}},
      {"the start of our own answer", {1, 3, 4, 9}},
      {"an answer of another unit", closed({2, 3, 4, 9, 9, 9, 9})},
      {"our unit with another length", closed({1, 3, 2, 9, 9})},
      {"another master's request to our unit", closed({1, 3, 0, 55, 0, 2})},
      {"another master's request that starts as our answer does", closed({1, 3, 4, 0, 0, 2})},
      {"the head of a long foreign frame", {2, 3, 200}},
      {"an exception of another unit", closed({2, 0x83, 2})},
      {"our answer with a wrong CRC", {1, 3, 4, 0x11, 0x22, 0x33, 0x44, 0, 0}},
  };
  for (const Row& row : rows) {
    const Bytes stream = row.before + answer;
    for (std::size_t first = 0; first <= stream.size(); ++first) {
      for (std::size_t second = first; second <= stream.size(); ++second) {
        ASSERT_EQ(receive(stream, {first, second, stream.size()}), payload)
            << row.name << ' ' << first << ' ' << second;
      }
    }
  }
}

TEST(RtuFrame, foreign_frames_are_never_taken) {
  for (const Bytes& foreign :
       {closed({2, 3, 4, 9, 9, 9, 9}), closed({1, 4, 4, 9, 9, 9, 9}), closed({1, 3, 2, 9, 9}),
        closed({1, 3, 6, 9, 9, 9, 9, 9, 9}), closed({1, 3, 0, 55, 0, 2}), closed({1, 3, 6, 9, 9, 9, 9})}) {
    EXPECT_TRUE(receive(foreign, {foreign.size()}).empty());
  }
}

TEST(RtuFrame, foreign_frame_is_dropped_whole_and_awaited_to_its_end) {
  struct Row {
    std::string name;
    Bytes foreign;
    Mismatch why;
  };
  const std::vector<Row> rows{
      {"another unit", closed({2, 3, 6, 1, 3, 4, 9, 9, 9}), Mismatch::unit_id},
      {"another function", closed({1, 4, 4, 9, 9, 9, 9}), Mismatch::function},
      {"another length", closed({1, 3, 6, 9, 9, 9, 9, 9, 9}), Mismatch::byte_count},
      {"a request that starts as our answer does", closed({1, 3, 4, 0, 0, 2}), Mismatch::byte_count},
  };
  for (const Row& row : rows) {
    for (std::size_t length = 0; length < row.foreign.size(); ++length) {
      const Bytes part(row.foreign.begin(), row.foreign.begin() + static_cast<std::ptrdiff_t>(length));
      ASSERT_TRUE(std::holds_alternative<Incomplete>(assemble_rtu(request, part)))
          << row.name << ' ' << length;
    }
    const auto result = assemble_rtu(request, row.foreign);
    ASSERT_TRUE(std::holds_alternative<NotOurs>(result)) << row.name;
    EXPECT_EQ(std::get<NotOurs>(result).length, row.foreign.size()) << row.name;
    EXPECT_EQ(std::get<NotOurs>(result).why, row.why) << row.name;
  }
}

TEST(RtuFrame, every_single_corrupted_byte_spoils_the_answer) {
  for (std::size_t position = 0; position < answer.size(); ++position) {
    for (unsigned flip = 1; flip < 256; ++flip) {
      Bytes corrupted = answer;
      corrupted[position] = static_cast<std::uint8_t>(corrupted[position] ^ flip);
      ASSERT_TRUE(receive(corrupted, {corrupted.size()}).empty()) << position << ' ' << flip;
    }
  }
}

TEST(RtuFrame, exception_is_an_answer_and_a_tcp_frame_is_named) {
  const auto refused = assemble_rtu(request, closed({1, 0x83, 2}));
  ASSERT_TRUE(std::holds_alternative<Refused>(refused));
  EXPECT_EQ(std::get<Refused>(refused).exception, 2);
  const auto other = assemble_rtu(request, Bytes{0, 1, 0, 0, 0, 7, 1, 3, 4, 1, 2, 3, 4});
  ASSERT_TRUE(std::holds_alternative<NotOurs>(other));
  EXPECT_EQ(std::get<NotOurs>(other).why, Mismatch::other_protocol);
}

TEST(RtuFrame, random_bytes_always_make_progress) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 20'000; ++round) {
    Bytes bytes(random() % 300);
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random() % 6);
    const auto result = assemble_rtu(request, bytes);
    if (const auto* more = std::get_if<Incomplete>(&result)) {
      ASSERT_GT(more->needed, bytes.size());
      ASSERT_LE(more->needed, rtu_frame_max + 1);
    }
  }
}

TEST(RtuFrame, request_whose_head_looks_like_an_answer_without_data_is_dropped_whole) {
  // Another master reads input registers 0x0083.. of unit 3; the CRC of 03 04 00 is 83 00.
  std::vector<std::uint8_t> frame{3, 4, 0x00, 0x83, 0x00, 2};
  const std::uint16_t crc = crc16(frame);
  frame.push_back(static_cast<std::uint8_t>(crc & 0xFF));
  frame.push_back(static_cast<std::uint8_t>(crc >> 8));
  ASSERT_EQ(crc16(std::span(frame).first(5)), 0);
  const Assembled assembled = assemble_rtu({.unit_id = 1, .first = 0, .count = 3}, frame);
  ASSERT_TRUE(std::holds_alternative<NotOurs>(assembled));
  EXPECT_EQ(std::get<NotOurs>(assembled).length, frame.size());
}

}  // namespace
}  // namespace gensetd::modbus
