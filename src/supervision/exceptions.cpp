#include "supervision/exceptions.hpp"

#include "log/log.hpp"

#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <new>
#include <thread>
#include <utility>

namespace gensetd::supervision {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::minutes log_pause{1};
constexpr std::size_t remembered_max = 256;
constexpr std::chrono::milliseconds step_pause{10};
constexpr int tries_max = 100;

std::array<std::atomic<std::uint64_t>, task_count> counts{};
std::array<std::atomic<steady_clock::rep>, task_count> newest{};  // valid where the count is not 0

// Decides which exceptions get a line in the log.
class LinePacer {
 public:
  // How many exceptions of the task were not logged since its last line; -1: this one is not logged either.
  std::int64_t pass(Task task, std::string_view which, steady_clock::time_point now) {
    const std::lock_guard lock{mutex_};
    if (remembered_.size() >= remembered_max) forget_old(now);
    // Beyond the limit, all tasks of a kind share one entry.
    const bool is_full = remembered_.size() >= remembered_max;
    State& state = remembered_[{task, is_full ? std::string{} : std::string{which}}];
    if (now < state.silent_until) {
      ++state.suppressed;
      return -1;
    }
    state.silent_until = now + log_pause;
    return std::exchange(state.suppressed, 0);
  }

 private:
  struct State {
    steady_clock::time_point silent_until{};
    std::int64_t suppressed = 0;
  };

  void forget_old(steady_clock::time_point now) {
    std::erase_if(remembered_, [&](const auto& entry) { return entry.second.silent_until < now; });
  }

  std::mutex mutex_;
  std::map<std::pair<Task, std::string>, State> remembered_;
};

LinePacer& pacer() {
  static LinePacer pacer;
  return pacer;
}

// "HTTP request /api/sites", "device 7 MKZ/G1".
std::string label(Task task, std::string_view which) {
  const std::string_view kind = title(task);
  const bool has_title = which.starts_with(kind) && which.substr(kind.size()).starts_with(' ');
  if (has_title) return std::string{which};
  return fmt::format("{}{}{}", kind, which.empty() ? "" : " ", which);
}

void log_exception(const std::exception_ptr& exception, Task task, std::string_view which,
                   std::string_view next) {
  const std::int64_t suppressed = pacer().pass(task, which, steady_clock::now());
  if (suppressed < 0) return;
  const std::string error = describe(exception);
  const std::string more =
      suppressed == 0 ? std::string{} : fmt::format("; {} more since the last such line", suppressed);
  log::error("task_failed")
      .field("task", word(task))
      .field("which", which)
      .field("error", error)
      .field("not_logged", suppressed)
      .say("{}: unexpected error ({}); {}{}", label(task, which), error, next, more);
}

}  // namespace

std::string_view word(Task task) {
  switch (task) {
    case Task::main_loop:
      return "main_loop";
    case Task::poll_thread:
      return "poll_thread";
    case Task::device:
      return "device";
    case Task::link:
      return "link";
    case Task::single_read:
      return "single_read";
    case Task::handover:
      return "handover";
    case Task::live:
      return "live";
    case Task::registry:
      return "registry";
    case Task::events:
      return "events";
    case Task::redis:
      return "redis";
    case Task::http_accept:
      return "http_accept";
    case Task::http_connection:
      return "http_connection";
    case Task::http_request:
      return "http_request";
    case Task::websocket:
      return "websocket";
    case Task::health_checks:
      return "health_checks";
    case Task::service_manager:
      return "service_manager";
    case Task::signals:
      return "signals";
    case Task::stop:
      return "stop";
    case Task::step:
      return "step";
    case Task::simulator:
      return "simulator";
  }
  return "unknown";
}

std::string_view title(Task task) {
  switch (task) {
    case Task::main_loop:
      return "main thread";
    case Task::poll_thread:
      return "polling thread";
    case Task::device:
      return "device";
    case Task::link:
      return "connection";
    case Task::single_read:
      return "single read";
    case Task::handover:
      return "transfer of readings";
    case Task::live:
      return "live state";
    case Task::registry:
      return "registry";
    case Task::events:
      return "event journal";
    case Task::redis:
      return "Redis connection";
    case Task::http_accept:
      return "HTTP listener";
    case Task::http_connection:
      return "HTTP connection";
    case Task::http_request:
      return "HTTP request";
    case Task::websocket:
      return "WebSocket client";
    case Task::health_checks:
      return "health checks";
    case Task::service_manager:
      return "messages to systemd";
    case Task::signals:
      return "signal";
    case Task::stop:
      return "stop";
    case Task::step:
      return "internal step";
    case Task::simulator:
      return "simulator";
  }
  return "unknown";
}

std::string describe(const std::exception_ptr& exception) {
  try {
    std::rethrow_exception(exception);
  } catch (const std::bad_alloc&) {
    return "out of memory; raise the limit of the process (ulimit -v, LimitAS), or free memory of the "
           "machine";
  } catch (const std::exception& error) {
    return error.what();
  } catch (...) {
    return "an exception that is not a std::exception";
  }
}

void report_exception(Task task, std::string_view which, std::string_view next) noexcept {
  report_exception(std::current_exception(), task, which, next);
}

void report_exception(const std::exception_ptr& exception, Task task, std::string_view which,
                      std::string_view next) noexcept {
  newest[static_cast<std::size_t>(task)].store(steady_clock::now().time_since_epoch().count(),
                                               std::memory_order_relaxed);
  counts[static_cast<std::size_t>(task)].fetch_add(1, std::memory_order_release);
  // If memory is short, logging may fail too. It is tried twice.
  for (int tries = 0; tries < 2; ++tries) {
    try {
      return log_exception(exception, task, which, next);
    } catch (...) {
      continue;
    }
  }
}

bool is_tried_again(int tries) noexcept {
  try {
    throw;
  } catch (const std::bad_alloc&) {
    std::this_thread::sleep_for(step_pause);
    return true;
  } catch (...) {
    if (tries < tries_max) {
      std::this_thread::sleep_for(step_pause);
      return true;
    }
    report_exception(Task::step, {}, "it is given up");
    return false;
  }
}

std::array<std::uint64_t, task_count> exception_counts() {
  std::array<std::uint64_t, task_count> now{};
  for (std::size_t task = 0; task < task_count; ++task)
    now[task] = counts[task].load(std::memory_order_relaxed);
  return now;
}

std::string recent_exceptions(steady_clock::time_point now) {
  std::string tasks;
  for (std::size_t task = 0; task < task_count; ++task) {
    if (counts[task].load(std::memory_order_acquire) == 0) continue;
    const steady_clock::time_point at{steady_clock::duration{newest[task].load(std::memory_order_relaxed)}};
    if (now - at > recent_for) continue;
    if (!tasks.empty()) tasks += ", ";
    tasks += word(static_cast<Task>(task));
  }
  return tasks;
}

}  // namespace gensetd::supervision
