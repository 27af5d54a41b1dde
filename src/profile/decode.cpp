#include "profile/decode.hpp"

#include "modbus/big_endian.hpp"

#include <cassert>

namespace gensetd::profile {
namespace {

// PRODUCT.md, Decoding 1 and 2: for a signed quantity only 32000..32767 is no data; from 32768 it is
// negative.
constexpr std::uint16_t no_data_first = 32'000;
constexpr std::uint16_t largest_positive = 32'767;

// PRODUCT.md, Decoding 3.
constexpr std::uint32_t no_data_marker = 0x7FFFFFFE;
constexpr std::uint32_t no_data_both_words = 0x7FFE7FFE;  // 32766 in each

bool is_no_data16(const Field& field, std::uint16_t raw) {
  if (field.no_data != NoData::from_32000 || raw < no_data_first) return false;
  return field.type != Type::i16 || raw <= largest_positive;
}

Value within_limits(const Field& field, std::int64_t count) {
  if (field.raw_min && count < *field.raw_min) return std::nullopt;
  if (field.raw_max && count > *field.raw_max) return std::nullopt;
  return count;
}

bool is_32_bit(const Field& field) { return field.type == Type::u32 || field.type == Type::i32; }

}  // namespace

Value decode16(const Field& field, std::uint16_t raw) {
  assert(!is_32_bit(field));
  if (field.type == Type::bit) return (raw >> field.bit) & 1;
  if (is_no_data16(field, raw)) return std::nullopt;
  return within_limits(field, field.type == Type::i16 ? std::int64_t{static_cast<std::int16_t>(raw)} : raw);
}

Value decode32(const Field& field, std::uint16_t low, std::uint16_t high) {
  assert(is_32_bit(field));
  const std::uint32_t raw = (std::uint32_t{high} << 16) | low;
  if (field.no_data == NoData::marker && (raw == no_data_marker || raw == no_data_both_words))
    return std::nullopt;
  return within_limits(field, field.type == Type::i32 ? std::int64_t{static_cast<std::int32_t>(raw)} : raw);
}

std::vector<std::uint16_t> fields_of_block(const Profile& profile, std::size_t block) {
  std::vector<std::uint16_t> fields;
  for (std::size_t index = 0; index < profile.fields.size(); ++index) {
    if (profile.fields[index].block == block) fields.push_back(static_cast<std::uint16_t>(index));
  }
  return fields;
}

void decode_block(const Profile& profile, std::size_t block, std::span<const std::uint16_t> fields,
                  const TableData& data, std::span<Value> values, std::span<std::string> texts) {
  assert(values.size() == profile.fields.size() && data.first <= profile.blocks[block].address);
  const bool is_bits = modbus::reads_bits(profile.blocks[block].table);
  for (const std::uint16_t index : fields) {
    const Field& field = profile.fields[index];
    assert(field.block == block);
    if (is_bits) {
      values[index] = data.bit_at(field.address) ? 1 : 0;
      continue;
    }
    const std::size_t offset = 2U * static_cast<std::size_t>(field.address - data.first);
    if (field.type == Type::text) {
      texts[field.text] = decode_text(field, data.bytes.subspan(offset));
      values[index] = field.text;
      continue;
    }
    if (field.number) {
      values[index] = decode_number(*field.number, data.bytes.subspan(offset));
      continue;
    }
    const std::uint16_t first = modbus::number_at(data.bytes, offset);
    values[index] = is_32_bit(field) ? decode32(field, first, modbus::number_at(data.bytes, offset + 2))
                                     : decode16(field, first);
  }
}

void clear_block(const Profile& profile, std::size_t block, std::span<Value> values) {
  for (const std::uint16_t index : fields_of_block(profile, block)) values[index].reset();
}

}  // namespace gensetd::profile
