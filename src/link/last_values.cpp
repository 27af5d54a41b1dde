#include "link/last_values.hpp"

#include "modbus/big_endian.hpp"

#include <algorithm>
#include <cstdlib>

namespace gensetd::link {
namespace {

using modbus::number_at;

// A larger change from one response to the next is a jump. Noise around 0 and changes of load stay below.
constexpr int step_max = 20;
constexpr int step_max_part = 4;  // of the earlier value

// Two responses within a second agree if a value changed by no more than this.
constexpr int agreement_step = 2;
constexpr int agreement_part = 1'000;  // of the earlier value

// So few registers identify little, and they are codes and bits, which change seldom.
constexpr std::size_t few_registers = 3;

// Counts which of `count` registers have jumped. If `count` is small, each may differ by `few_differ_max`.
class Jumps {
 public:
  Jumps(std::size_t count, int few_differ_max) : count_(count), few_differ_max_(few_differ_max) {}

  void unknown() { ++jumped_; }

  void compare(std::uint16_t before, std::uint16_t now) {
    const int change = std::abs(static_cast<std::int16_t>(static_cast<std::uint16_t>(now - before)));
    const int allowed = step_max + std::abs(static_cast<std::int16_t>(before)) / step_max_part;
    jumped_ += change > (count_ <= few_registers ? few_differ_max_ : allowed) ? 1U : 0U;
  }

  bool any() const { return jumped_ != 0; }
  bool are_few() const { return 8 * jumped_ < count_; }

 private:
  std::size_t count_;
  int few_differ_max_;
  std::size_t jumped_ = 0;
};

std::uint32_t key_of(const modbus::ReadRequest& read, std::size_t offset) {
  return std::uint32_t{read.unit_id} << 24 | static_cast<std::uint32_t>(read.function) << 16 |
         (read.first + static_cast<std::uint32_t>(offset));
}

bool bit_at(std::span<const std::uint8_t> data, std::size_t index) {
  return (data[index / 8] >> index % 8 & 1) != 0;
}

// The register or bit at `index` of the response to `read`.
std::uint16_t value_at(const modbus::ReadRequest& read, std::span<const std::uint8_t> data,
                       std::size_t index) {
  if (modbus::reads_bits(read.function)) return bit_at(data, index) ? 1 : 0;
  return number_at(data, 2 * index);
}

// Whether the first read.count bits are equal. Both have at least so many.
bool are_equal_bits(const modbus::ReadRequest& read, std::span<const std::uint8_t> before,
                    std::span<const std::uint8_t> data) {
  const std::size_t count = std::min<std::size_t>(read.count, 8 * data.size());
  for (std::size_t index = 0; index < count; ++index) {
    if (bit_at(before, index) != bit_at(data, index)) return false;
  }
  return true;
}

}  // namespace

bool continues(const modbus::ReadRequest& read, std::span<const std::uint8_t> before,
               std::span<const std::uint8_t> registers) {
  if (before.size() != registers.size()) return false;
  if (modbus::reads_bits(read.function)) return are_equal_bits(read, before, registers);
  Jumps jumps(registers.size() / 2, step_max);
  for (std::size_t offset = 0; offset + 1 < registers.size(); offset += 2)
    jumps.compare(number_at(before, offset), number_at(registers, offset));
  return jumps.are_few();
}

bool agree(const modbus::ReadRequest& read, std::span<const std::uint8_t> before,
           std::span<const std::uint8_t> registers) {
  if (before.size() != registers.size()) return false;
  if (modbus::reads_bits(read.function)) return are_equal_bits(read, before, registers);
  std::size_t different = 0;
  for (std::size_t offset = 0; offset + 1 < registers.size(); offset += 2) {
    const int was = static_cast<std::int16_t>(number_at(before, offset));
    const int is = static_cast<std::int16_t>(number_at(registers, offset));
    if (std::abs(is - was) > agreement_step + std::abs(was) / agreement_part) ++different;
  }
  return 8 * different < registers.size() / 2;
}

bool LastValues::continues(const modbus::ReadRequest& read, std::span<const std::uint8_t> registers) const {
  const bool are_bits = modbus::reads_bits(read.function);
  Jumps jumps(read.count, 0);
  for (std::size_t index = 0; index < read.count; ++index) {
    const auto known = values_.find(key_of(read, index));
    if (known == values_.end()) {
      jumps.unknown();
    } else if (!are_bits) {
      jumps.compare(known->second, number_at(registers, 2 * index));
    } else if (known->second != value_at(read, registers, index)) {
      return false;
    }
  }
  return jumps.are_few() && !(are_bits && jumps.any());
}

void LastValues::remember(const modbus::ReadRequest& read, std::span<const std::uint8_t> registers) {
  for (std::size_t index = 0; index < read.count; ++index) {
    const std::uint32_t key = key_of(read, index);
    if (values_.size() < registers_max || values_.contains(key))
      values_[key] = value_at(read, registers, index);
  }
}

}  // namespace gensetd::link
