#include "simulator/packer.hpp"

#include <algorithm>

namespace gensetd::simulator {
namespace {

constexpr int pause_characters = 4;

}  // namespace

Packer::SteadyTime Packer::add(std::span<const std::uint8_t> bytes, SteadyTime begin) {
  line_end_ = std::max(line_end_, begin);
  for (const std::uint8_t byte : bytes) {
    line_end_ += character_;
    characters_.push_back({byte, line_end_});
  }
  return line_end_;
}

std::optional<Packer::SteadyTime> Packer::due() const {
  if (characters_.empty()) return std::nullopt;
  if (packing_.count() > 0) return characters_.front().end - character_ + packing_;
  return characters_[packet_length() - 1].end + pause_characters * character_;
}

std::size_t Packer::packet_length() const {
  const auto is_of_next = [this](const Character& character, const Character& before) {
    if (packing_.count() > 0) return character.end > characters_.front().end - character_ + packing_;
    return character.end - character_ - before.end > pause_characters * character_;
  };
  std::size_t length = 1;
  while (length < characters_.size() && !is_of_next(characters_[length], characters_[length - 1])) ++length;
  return length;
}

Bytes Packer::take() {
  if (characters_.empty()) return {};
  const auto length = static_cast<std::ptrdiff_t>(packet_length());
  Bytes packet;
  for (auto place = characters_.begin(); place != characters_.begin() + length; ++place)
    packet.push_back(place->byte);
  characters_.erase(characters_.begin(), characters_.begin() + length);
  return packet;
}

}  // namespace gensetd::simulator
