#include "events/event_ids.hpp"

namespace gensetd::events {
namespace {

constexpr std::int64_t random_range_begin = std::int64_t{1} << 52;

}  // namespace

EventIds::EventIds(std::uint64_t random)
    : next_random_(random_range_begin + static_cast<std::int64_t>(random >> 13)) {}  // 51 bits

void EventIds::add(std::int64_t first) {
  blocks_.push_back({.next = first, .end = first + registry::event_id_block});
}

std::int64_t EventIds::next() {
  if (blocks_.empty()) return next_random_++;
  Block& block = blocks_.front();
  const std::int64_t id = block.next++;
  if (block.next == block.end) blocks_.pop_front();
  return id;
}

}  // namespace gensetd::events
