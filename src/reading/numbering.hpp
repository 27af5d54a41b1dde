#pragma once

#include <atomic>
#include <cstdint>
#include <string>

namespace gensetd::reading {

// Names one run of the daemon: a random number, printed as 16 hexadecimal digits.
using Epoch = std::uint64_t;
void append_epoch(std::string& out, Epoch epoch);
std::string print_epoch(Epoch epoch);

// One run of the daemon: its epoch, and the numbers of its readings. Every reading takes the next number when
// it is made. So the readings of one device are ordered by their numbers within the run, whatever the wall
// clock does and whichever thread polls the device. Numbers begin at 1. Any thread.
class Numbering {
 public:
  Numbering();  // with a random epoch
  explicit Numbering(Epoch epoch) : epoch_(epoch) {}
  Numbering(const Numbering&) = delete;
  Numbering& operator=(const Numbering&) = delete;

  Epoch epoch() const { return epoch_; }
  std::uint64_t next_seq() { return seq_.fetch_add(1, std::memory_order_relaxed) + 1; }

 private:
  const Epoch epoch_;
  std::atomic<std::uint64_t> seq_ = 0;
};

}  // namespace gensetd::reading
