#pragma once

#include <spdlog/sinks/base_sink.h>

#include <atomic>
#include <cstdint>
#include <mutex>

namespace gensetd::app {

// Writes log lines to a descriptor on the log's own thread. A descriptor that does not take them (the reader
// is gone, the disk is full, it is closed) costs the lines and nothing else: they are counted, and before the
// next one that is written a line says how many were lost. One that is full blocks the caller until there is
// room. SIGPIPE must be ignored.
class LogSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit LogSink(int descriptor) : descriptor_(descriptor) {}

  static std::uint64_t lines_lost();  // of all sinks, since the start; any thread

  // How many flushes came to their turn: behind the lines that were given to the logger before. Any thread.
  std::uint64_t flushes() const { return flushes_.load(std::memory_order_relaxed); }

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override;
  void flush_() override { flushes_.fetch_add(1, std::memory_order_relaxed); }

 private:
  bool say_what_was_lost();
  bool write(const spdlog::details::log_msg& message);
  void lose() noexcept;

  const int descriptor_;
  std::atomic<std::uint64_t> flushes_{0};
  std::uint64_t lost_in_a_row_ = 0;
  int why_lost_ = 0;      // errno, of the newest
  bool is_torn_ = false;  // the last bytes written are no end of a line
};

}  // namespace gensetd::app
