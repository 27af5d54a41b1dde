#pragma once

#include "profile/value.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gensetd::history {

// Integers in a few bytes each, as LEB128 (DWARF 5, 7.6): seven bits per byte, the lowest first.
void append_number(std::string& out, std::uint64_t number);
std::uint64_t take_number(std::string_view& bytes);  // reverses append_number()

// The values of one field in order. Repeated values are stored as a count, changed values as a difference, so
// that a measured value takes one or two bytes. Each entry is a number whose two lowest bits give the meaning
// of the other bits:
//   0  the difference from the previous value (zigzag: 0, -1, 1, -2, …)
//   1  how often the previous value is repeated
//   2  how often there is no data
//   3  nothing; the next number is a difference of more than 62 bits
class Series {
 public:
  void append(const profile::Value& value);

  // The bytes of all values so far. Call clear() before the next append().
  const std::string& finish();
  void clear();

  // Appends all values to `out`, including those that are not in the bytes yet.
  void read(std::vector<profile::Value>& out) const;

  std::size_t heap_bytes() const;

 private:
  enum class EntryType : std::uint8_t { change = 0, same = 1, none = 2, far_change = 3 };

  void append_change(std::int64_t value);
  void end_run();

  std::int64_t last_ = 0;
  std::uint32_t run_ = 0;  // values of `entry_type_` that are not in the bytes yet
  EntryType entry_type_ = EntryType::same;
  std::string bytes_;

  friend void read_series(std::string_view bytes, std::vector<profile::Value>& out);
};

// The values of finished bytes, appended to `out`.
void read_series(std::string_view bytes, std::vector<profile::Value>& out);

}  // namespace gensetd::history
