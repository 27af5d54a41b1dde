#pragma once

#include <spdlog/sinks/base_sink.h>

#include <atomic>
#include <cstdint>
#include <mutex>

namespace gensetd::daemon {

// Writes log lines to a descriptor on the log's own thread. When the descriptor does not accept them (the
// reader is gone, the disk is full, it is closed), the lines are lost and counted, and the next successful
// write begins with a line about their number. A full pipe blocks the caller until there is room. SIGPIPE
// must be ignored.
class LogSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit LogSink(int descriptor) : descriptor_(descriptor) {}

  static std::uint64_t lines_lost();  // of all sinks, since the start; any thread

  // Number of completed flushes. A flush completes after all lines that were logged before it. Any thread.
  std::uint64_t flushes() const { return flushes_.load(std::memory_order_relaxed); }

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override;
  void flush_() override { flushes_.fetch_add(1, std::memory_order_relaxed); }

 private:
  bool report_lost_lines();
  bool write(const spdlog::details::log_msg& message);
  void count_lost_line() noexcept;

  const int descriptor_;
  std::atomic<std::uint64_t> flushes_{0};
  std::uint64_t lost_since_report_ = 0;
  int error_ = 0;               // errno of the last lost line
  bool is_incomplete_ = false;  // the last write ended within a line
};

}  // namespace gensetd::daemon
