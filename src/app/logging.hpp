#pragma once

#include "app/log_sink.hpp"
#include "app/settings.hpp"

#include <spdlog/formatter.h>
#include <spdlog/logger.h>

#include <chrono>
#include <cstdint>
#include <memory>

namespace gensetd::app {

// One line a message, whatever is in it: control characters (a device's name may hold anything) are escaped.
// text: "2026-02-17T14:30:00.123Z info    message"; json: {"time":…,"level":…,"message":…,"event":…,…}.
std::unique_ptr<spdlog::formatter> make_log_formatter(LogFormat format);

// Logs go to standard error by a thread of their own, so that a full pipe blocks no other thread; its queue
// holds 8,192 lines and drops the oldest. Use: construct, log_termination(), finish() as the last step.
class Logging {
 public:
  static constexpr std::chrono::seconds finish_max{2};

  Logging(LogLevel level, LogFormat format);
  // Calls finish(). When that fails, the thread is left behind with all that it uses.
  ~Logging();
  Logging(const Logging&) = delete;
  Logging& operator=(const Logging&) = delete;

  // Lines that were dropped, since standard error was not read, or lost, since it took none. Since the start.
  static std::uint64_t lines_dropped();

  // From now on std::terminate() writes the lines that wait and one about its cause, then aborts. It takes
  // finish_max at most, also when standard error is not read.
  void log_termination();

  // Writes the lines that wait. False: standard error did not take them within finish_max, and a thread waits
  // for it that cannot be ended.
  bool finish();

 private:
  std::shared_ptr<LogSink> sink_;
  std::shared_ptr<spdlog::logger> logger_;  // outlives the thread that writes
};

}  // namespace gensetd::app
