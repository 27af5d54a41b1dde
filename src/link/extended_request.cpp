#include "link/extended_request.hpp"

#include <algorithm>

namespace gensetd::link {

using modbus::ReadRequest;

std::uint16_t extended_size_max(const ReadRequest& wanted, const ExtensionRange& range) {
  const std::uint32_t end = std::uint32_t{wanted.first} + wanted.count;
  const std::uint32_t count_max = std::min(range.limit, modbus::count_max(wanted.function));
  if (range.first > wanted.first || range.end < end || count_max < wanted.count) return wanted.size();
  const std::uint32_t step = modbus::addresses_per_item(wanted.function);
  const std::uint32_t around = (range.end - end) / step + (wanted.first - range.first) / step;
  return static_cast<std::uint16_t>(wanted.size() + std::min(around, (count_max - wanted.count) / step));
}

ReadRequest extended(const ReadRequest& wanted, const ExtensionRange& range, std::uint16_t size) {
  const std::uint32_t extra = size - std::uint32_t{wanted.size()};
  if (extra == 0) return wanted;
  const std::uint32_t step = modbus::addresses_per_item(wanted.function);
  const std::uint32_t behind =
      std::min(extra, (range.end - (std::uint32_t{wanted.first} + wanted.count)) / step);
  return {.unit_id = wanted.unit_id,
          .function = wanted.function,
          .first = static_cast<std::uint16_t>(wanted.first - step * (extra - behind)),
          .count = static_cast<std::uint16_t>(wanted.count + step * extra)};
}

}  // namespace gensetd::link
