#pragma once

#include "daemon/log_sink.hpp"
#include "daemon/settings.hpp"

#include <spdlog/formatter.h>
#include <spdlog/logger.h>

#include <chrono>
#include <cstdint>
#include <memory>

namespace gensetd::daemon {

// One line per message: control characters, which a device's name may contain, are escaped.
// text: "2026-02-17T14:30:00.123Z info    message"; json: {"time":…,"level":…,"message":…,"event":…,…}.
std::unique_ptr<spdlog::formatter> make_log_formatter(LogFormat format);

// Logs are written to standard error on a separate thread, so that a full pipe blocks no other thread. Its
// queue holds 8,192 lines; when it is full, the oldest are dropped. Use: construct, log_termination(),
// finish() as the last step.
class Logging {
 public:
  static constexpr std::chrono::seconds finish_max{2};

  Logging(LogLevel level, LogFormat format);
  // Calls finish(). When that fails, the thread and all that it uses are leaked.
  ~Logging();
  Logging(const Logging&) = delete;
  Logging& operator=(const Logging&) = delete;

  // Lines dropped because the queue was full or lost because standard error failed, since the start.
  static std::uint64_t lines_dropped();

  // From now on std::terminate() writes the queued lines and one about its cause, then aborts. It takes at
  // most finish_max, also when standard error is not read.
  void log_termination();

  // Writes the queued lines. False: standard error did not accept them within finish_max; the log's thread
  // still waits for it and cannot be ended.
  bool finish();

 private:
  std::shared_ptr<LogSink> sink_;
  std::shared_ptr<spdlog::logger> logger_;  // outlives the log's thread
};

}  // namespace gensetd::daemon
