#pragma once

#include "modbus/big_endian.hpp"
#include "profile/profile.hpp"
#include "profile/value.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace gensetd::profile {

// The value of a 16-bit field or bit from its register, by the field's no-data rule and limits.
Value decode16(const Field& field, std::uint16_t raw);

// The value of a 32-bit field from its two registers.
Value decode32(const Field& field, std::uint16_t low, std::uint16_t high);

// The fields of one block, as ascending indices in Profile::fields. Searches all fields; ReadLayout::fields
// contains the result for each block.
std::vector<std::uint16_t> fields_of_block(const Profile& profile, std::size_t block);

// The data of a response in wire format: big-endian registers from `first` on, or bits from `first` on, eight
// to a byte, the lowest one first (Modbus application protocol V1.1b3, 6.1 to 6.4).
struct TableData {
  std::uint16_t first = 0;
  std::span<const std::uint8_t> bytes;

  std::uint16_t register_at(std::uint16_t address) const {
    return modbus::number_at(bytes, 2U * static_cast<std::size_t>(address - first));
  }
  bool bit_at(std::uint16_t address) const {
    const auto index = static_cast<std::size_t>(address - first);
    return ((bytes[index / 8] >> (index % 8)) & 1) != 0;
  }
};

// Decodes `fields`, the fields_of_block(), into `values`, which has one element per field of the profile.
// `data` is from the block's table and covers the block. `texts` has Profile::text_count elements.
void decode_block(const Profile& profile, std::size_t block, std::span<const std::uint16_t> fields,
                  const TableData& data, std::span<Value> values, std::span<std::string> texts = {});

// The text of a field of Type::text, whose registers begin `bytes`: valid UTF-8, cut at the first zero,
// without trailing spaces and control characters.
std::string decode_text(const Field& field, std::span<const std::uint8_t> bytes);

// Whether all bytes before the first zero are characters of that text: none was dropped, apart from trailing
// spaces.
bool is_whole_text(const Field& field, std::span<const std::uint8_t> bytes);

// The value of one field from data that covers it, as a reading prints it; empty: no data.
std::optional<std::string> decode_printed(const Field& field, const TableData& data);

// Sets every field of one block to 'no data'.
void clear_block(const Profile& profile, std::size_t block, std::span<Value> values);

}  // namespace gensetd::profile
