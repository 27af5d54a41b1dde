#include "modbus/crc.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace gensetd::modbus {
namespace {

// The specification's function, word for word.
std::uint16_t crc_of_the_specification(const std::vector<std::uint8_t>& data) {
  unsigned crc = 0xFFFF;
  for (const std::uint8_t byte : data) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) {
      if ((crc & 1U) != 0) {
        crc = (crc >> 1) ^ 0xA001U;
      } else {
        crc >>= 1;
      }
    }
  }
  return static_cast<std::uint16_t>(crc);
}

TEST(Crc, equals_the_specification_for_every_pair_of_bytes) {
  for (unsigned first = 0; first < 256; ++first) {
    for (unsigned second = 0; second < 256; ++second) {
      const std::vector<std::uint8_t> data{static_cast<std::uint8_t>(first),
                                           static_cast<std::uint8_t>(second)};
      ASSERT_EQ(crc16(data), crc_of_the_specification(data)) << first << ' ' << second;
    }
  }
}

TEST(Crc, of_no_bytes_is_the_initial_value) { EXPECT_EQ(crc16({}), 0xFFFF); }

}  // namespace
}  // namespace gensetd::modbus
