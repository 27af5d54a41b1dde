#pragma once

#include "profile/value.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gensetd::history {

// Whole numbers in a few bytes each, as LEB128 (DWARF 5, 7.6): seven bits a byte, the lowest first.
void append_number(std::string& out, std::uint64_t number);
std::uint64_t take_number(std::string_view& bytes);  // of what append_number() wrote

// The values of one field, one after another. What repeats costs nothing but its count; what changes costs
// its difference, so that a measured value takes one or two bytes. Each entry is a number whose two lowest
// bits say what the rest is:
//   0  the difference to the value before (zigzag: 0, -1, 1, -2, …), 1  so many times the value before,
//   2  so many times no data
class Series {
 public:
  void append(const profile::Value& value);

  // The bytes of all values until now; append() may not be called any more, but after clear().
  const std::string& finish();
  void clear();

  // All values, the last ones included that are not in the bytes yet.
  void read(std::vector<profile::Value>& out) const;

  std::size_t heap_bytes() const;

 private:
  enum class Run : std::uint8_t { change = 0, same = 1, none = 2 };

  void end_run();

  std::int64_t last_ = 0;
  std::uint32_t run_ = 0;  // values of `what_` that are not in the bytes yet
  Run what_ = Run::same;
  std::string bytes_;

  friend void read_series(std::string_view bytes, std::vector<profile::Value>& out);
};

// The values of finished bytes, appended to `out`.
void read_series(std::string_view bytes, std::vector<profile::Value>& out);

}  // namespace gensetd::history
