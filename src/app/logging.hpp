#pragma once

#include "app/settings.hpp"

#include <spdlog/formatter.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/sink.h>

#include <cstdint>
#include <memory>

namespace gensetd::app {

// One line a message, whatever is in it: control characters (a device's name may hold anything) are escaped.
// text: "2026-02-17T14:30:00.123Z info    message"; json: {"time":…,"level":…,"message":…,"event":…,…}.
std::unique_ptr<spdlog::formatter> make_log_formatter(LogFormat format);

// Logs go to standard error by a thread of their own, so that a full pipe blocks nobody; its queue holds
// 8,192 lines and drops the oldest. Destroying it writes what waits.
class Logging {
 public:
  Logging(LogLevel level, LogFormat format);
  ~Logging();
  Logging(const Logging&) = delete;
  Logging& operator=(const Logging&) = delete;

  static std::uint64_t lines_dropped();  // since the start

  // From now on std::terminate() writes the lines that wait and one about its cause, then aborts. It takes at
  // most a few seconds, also when standard error is not read.
  void log_termination();

 private:
  spdlog::sink_ptr sink_;
  std::shared_ptr<spdlog::logger> logger_;  // outlives the thread that writes
};

}  // namespace gensetd::app
