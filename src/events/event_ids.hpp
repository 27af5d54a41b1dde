#pragma once

#include "registry/store.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>

namespace gensetd::events {

// The ids of new events, unique among all programs that share a database. Use: add() each block that
// registry::Store::take_event_ids() returns; next() for each event; take another block while there are fewer
// than blocks_wanted. While the database does not respond and no block is left, ids come from [2^52, 2^53), a
// range that no block reaches, starting at an offset that `random` selects: the probability that two programs
// collide is about 10^-10. Ids are exact as numbers in JavaScript. Invariant: no id is returned twice.
class EventIds {
 public:
  static constexpr std::size_t blocks_wanted = 2;  // one in use and one in reserve

  explicit EventIds(std::uint64_t random = 0);

  void add(std::int64_t first);  // first .. first + registry::event_id_block - 1
  std::size_t blocks() const { return blocks_.size(); }
  std::int64_t next();

 private:
  struct Block {
    std::int64_t next = 0;
    std::int64_t end = 0;
  };
  std::deque<Block> blocks_;  // none is empty, the first is in use
  std::int64_t next_random_;
};

}  // namespace gensetd::events
