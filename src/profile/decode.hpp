#pragma once

#include "profile/profile.hpp"
#include "profile/value.hpp"

#include <cstdint>
#include <span>

namespace gensetd::profile {

// The value of a 16-bit field or bit from its register, by the field's no-data rule and limits.
Value decode16(const Field& field, std::uint16_t raw);

// The value of a 32-bit field from its two registers.
Value decode32(const Field& field, std::uint16_t low, std::uint16_t high);

// Decodes `fields` (indices in Profile::fields) of one block, which are all of them in Reads::fields.
// `registers` are the block's registers as they come off the wire (big-endian bytes, two for each of the
// block's `count` registers); `values` has one place per field of the profile.
void decode_block(const Profile& profile, std::size_t block, std::span<const std::uint16_t> fields,
                  std::span<const std::uint8_t> registers, std::span<Value> values);

// The same for whoever has no Reads: looks through all fields.
void decode_block(const Profile& profile, std::size_t block, std::span<const std::uint8_t> registers,
                  std::span<Value> values);

// Sets every field of one block to 'no data'.
void clear_block(const Profile& profile, std::size_t block, std::span<Value> values);

}  // namespace gensetd::profile
