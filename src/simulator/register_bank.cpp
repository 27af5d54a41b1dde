#include "simulator/register_bank.hpp"

#include "profile/number_rules.hpp"
#include "simulator/number_encoder.hpp"
#include "simulator/quantity.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

namespace gensetd::simulator {
namespace {

using profile::Field;
using profile::NoData;
using profile::Type;

constexpr std::uint16_t not_connected_raw = 32'766;  // specification, value 32766
constexpr std::int64_t largest_valid = 31'999;       // of a field whose no data begins at 32000
constexpr std::array<double, 7> powers_of_ten{1, 10, 100, 1e3, 1e4, 1e5, 1e6};

struct RawRange {
  std::int64_t low;
  std::int64_t high;
};

RawRange type_range(Type type) {
  switch (type) {
    case Type::u16:
      return {0, std::numeric_limits<std::uint16_t>::max()};
    case Type::i16:
      return {std::numeric_limits<std::int16_t>::min(), std::numeric_limits<std::int16_t>::max()};
    case Type::u32:
      return {0, std::numeric_limits<std::uint32_t>::max()};
    case Type::i32:
      return {std::numeric_limits<std::int32_t>::min(), std::numeric_limits<std::int32_t>::max()};
    case Type::bit:
      return {0, 1};
    default:  // the others have Field::number
      return {0, 0};
  }
}

// The raw counts that decode to a value of this field.
RawRange valid_counts(const Field& field) {
  RawRange range = type_range(field.type);
  if (field.no_data == NoData::from_32000) range.high = std::min(range.high, largest_valid);
  if (field.raw_min) range.low = std::max(range.low, *field.raw_min);
  if (field.raw_max) range.high = std::min(range.high, *field.raw_max);
  return {range.low, std::max(range.low, range.high)};
}

bool is_32_bit(const Field& field) { return field.type == Type::u32 || field.type == Type::i32; }

std::int64_t count_of(const Field& field, double value) {
  const RawRange range = valid_counts(field);
  const double scaled =
      value * powers_of_ten[std::min<std::size_t>(field.decimals, powers_of_ten.size() - 1)];
  return std::llround(std::clamp(scaled, static_cast<double>(range.low), static_cast<double>(range.high)));
}

}  // namespace

RegisterBank::RegisterBank(const profile::Profile& profile) {
  make_room(modbus::Function::holding_registers, size_min);
  for (const profile::Block& block : profile.blocks) make_room(block.table, block.end());
  for (const Field& field : profile.fields) set(field, not_connected);
  for (const profile::IdentityRule& rule : profile.identity) set_identity(rule);
}

void RegisterBank::make_room(modbus::Function table, int end) {
  auto& values = values_of(table);
  values.resize(std::max({values.size(), std::size_t{size_min}, static_cast<std::size_t>(end)}));
}

void RegisterBank::set_identity(const profile::IdentityRule& rule) {
  const Field& field = rule.field;
  const std::string& model = rule.allowed.front();
  make_room(field.table, field.address + profile::register_count(field));
  if (field.type != Type::text) {
    std::int64_t number = 0;
    std::from_chars(model.data(), model.data() + model.size(), number);
    return set(field, static_cast<double>(number));
  }
  const std::vector<std::uint16_t> words = encode_text(field, model);
  for (std::size_t index = 0; index < words.size(); ++index)
    put({field.table, static_cast<std::uint16_t>(field.address + index)}, words[index]);
}

void RegisterBank::set(const Field& field, double value) {
  const modbus::TableAddress place{field.table, field.address};
  const bool no_data = std::isnan(value);
  if (field.type == Type::text) return;
  if (field.number && field.type != Type::bit) return set_number(field, value);
  if (field.type == Type::bit) {
    const bool is_swapped = field.number && field.number->byte_order == profile::ByteOrder::little;
    const auto mask = static_cast<std::uint16_t>(1U << (is_swapped ? field.bit ^ 8U : field.bit));
    const bool set = !no_data && value != 0;
    const std::uint16_t old = at(place);
    return put(place, static_cast<std::uint16_t>(set ? old | mask : old & ~mask));
  }
  // A field without a 'no data' marker reads 0, as a new counter does.
  const bool marked = field.no_data != NoData::none;
  const std::int64_t count = no_data ? 0 : count_of(field, value);
  if (is_32_bit(field)) {
    constexpr std::uint32_t both_words = (std::uint32_t{not_connected_raw} << 16) | not_connected_raw;
    return put32(place, no_data && marked ? both_words : static_cast<std::uint32_t>(count));
  }
  put(place, no_data && marked ? not_connected_raw : static_cast<std::uint16_t>(count));
}

void RegisterBank::set_number(const Field& field, double value) {
  std::vector<std::uint16_t> words;
  words.reserve(field.number->registers);
  for (std::uint16_t index = 0; index < field.number->registers; ++index)
    words.push_back(at({field.table, static_cast<std::uint16_t>(field.address + index)}));
  words = encode_number(field, value, std::move(words));
  for (std::uint16_t index = 0; index < field.number->registers; ++index)
    put({field.table, static_cast<std::uint16_t>(field.address + index)}, words[index]);
}

void RegisterBank::pin(modbus::TableAddress place, std::uint16_t raw) {
  auto& values = values_of(place.function);
  if (place.address >= values.size()) return;
  values[place.address] = raw;
  pinned_.insert(place);
}

void RegisterBank::put(modbus::TableAddress place, std::uint16_t raw) {
  auto& values = values_of(place.function);
  if (place.address >= values.size() || (!pinned_.empty() && pinned_.contains(place))) return;
  values[place.address] = raw;
}

void RegisterBank::put32(modbus::TableAddress low, std::uint32_t raw) {  // (specification, 32-bit values)
  put(low, static_cast<std::uint16_t>(raw & 0xFFFF));
  if (low.address == 0xFFFF) return;
  put({low.function, static_cast<std::uint16_t>(low.address + 1)}, static_cast<std::uint16_t>(raw >> 16));
}

}  // namespace gensetd::simulator
