#include "reading/reading.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace gensetd::reading {

void append_decimal(std::string& out, std::int64_t count, unsigned decimals) {
  // The magnitude as unsigned: the negative of the smallest number does not fit a signed one.
  const std::uint64_t magnitude =
      count < 0 ? std::uint64_t{0} - static_cast<std::uint64_t>(count) : static_cast<std::uint64_t>(count);
  std::array<char, 20> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), magnitude).ptr;
  const auto length = static_cast<std::size_t>(end - digits.data());

  if (count < 0) out += '-';
  const std::size_t whole = length > decimals ? length - decimals : 0;
  if (whole == 0) out += '0';
  out.append(digits.data(), whole);

  const std::size_t leading_zeros = decimals > length ? decimals - length : 0;
  std::size_t fraction_end = length;
  while (fraction_end > whole && digits[fraction_end - 1] == '0') --fraction_end;
  if (fraction_end == whole) return;
  out += '.';
  out.append(leading_zeros, '0');
  out.append(digits.data() + whole, fraction_end - whole);
}

}  // namespace gensetd::reading
