#include "reading/numbering.hpp"

#include <array>
#include <cstddef>
#include <random>
#include <string_view>

namespace gensetd::reading {
namespace {

Epoch random_epoch() {
  std::random_device random;
  const Epoch half = random();
  return half << 32U | random();
}

}  // namespace

Numbering::Numbering() : epoch_(random_epoch()) {}

void append_epoch(std::string& out, Epoch epoch) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::array<char, 16> text{};
  for (std::size_t digit = text.size(); digit-- > 0; epoch >>= 4U) text[digit] = digits[epoch & 0xFU];
  out.append(text.data(), text.size());
}

std::string print_epoch(Epoch epoch) {
  std::string text;
  append_epoch(text, epoch);
  return text;
}

}  // namespace gensetd::reading
