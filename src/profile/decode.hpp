#pragma once

#include "profile/profile.hpp"
#include "profile/value.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace gensetd::profile {

// The value of a 16-bit field or bit from its register, by the field's no-data rule and limits.
Value decode16(const Field& field, std::uint16_t raw);

// The value of a 32-bit field from its two registers.
Value decode32(const Field& field, std::uint16_t low, std::uint16_t high);

// The fields of one block, as ascending indices in Profile::fields. Searches all fields; ReadLayout::fields
// contains the result for each block.
std::vector<std::uint16_t> fields_of_block(const Profile& profile, std::size_t block);

// Decodes `fields`, the fields_of_block(), into `values`, which has one element per field of the profile.
// `registers` are the block's registers in wire format: big-endian, two bytes for each of the block's
// `count` registers.
void decode_block(const Profile& profile, std::size_t block, std::span<const std::uint16_t> fields,
                  std::span<const std::uint8_t> registers, std::span<Value> values);

// Sets every field of one block to 'no data'.
void clear_block(const Profile& profile, std::size_t block, std::span<Value> values);

}  // namespace gensetd::profile
