#pragma once

#include <atomic>
#include <cstdint>
#include <string>

namespace gensetd::reading {

// Identifies one run of the daemon: a random number, printed as 16 hexadecimal digits.
using Epoch = std::uint64_t;
void append_epoch(std::string& out, Epoch epoch);
std::string print_epoch(Epoch epoch);

// The epoch of this run of the daemon, and the numbers of its readings. Each reading takes the next number,
// from 1, when it is made. The numbers order the readings of a device within a run, independent of the wall
// clock and of the thread that polls the device. Any thread.
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
