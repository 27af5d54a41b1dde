#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>
#include <string_view>

namespace gensetd::supervision {

// The kinds of tasks that an exception can end. Fields of logs, and metrics, name them by word(), sentences
// by title().
enum class Task : std::uint8_t {
  main_loop,
  poll_thread,
  device,
  link,
  single_read,
  handover,
  live,
  registry,
  events,
  redis,
  http_accept,
  http_connection,
  http_request,
  websocket,
  health_checks,
  service_manager,
  signals,
  stop,
  step,
  simulator,
};
inline constexpr std::size_t task_count = static_cast<std::size_t>(Task::simulator) + 1;

std::string_view word(Task task);   // "http_request"
std::string_view title(Task task);  // "HTTP request"

// Text of an exception, for people. That memory is short says what to do; an exception that is not a
// std::exception has a fixed text.
std::string describe(const std::exception_ptr& exception);

// Call this in a catch block. It counts the exception and logs it as the event `task_failed`. The same task
// is logged at most once a minute; the next line says how many exceptions came in between. Never throws.
// Any thread.
// which: which one of several tasks of a kind ("10.0.0.7"), with or without the title() in front ("device 7
// MKZ/G1"), or empty.
// next: what happens next ("it is read again at its next slot").
void report_exception(Task task, std::string_view which, std::string_view next) noexcept;
void report_exception(const std::exception_ptr& exception, Task task, std::string_view which,
                      std::string_view next) noexcept;

// How many exceptions were reported since the start, by task.
std::array<std::uint64_t, task_count> exception_counts();

// The kinds of tasks of which an exception was reported within the last minute, by word() and joined by ", ";
// empty: none.
inline constexpr std::chrono::minutes recent_for{1};
std::string recent_exceptions(std::chrono::steady_clock::time_point now);

// Calls `act`, and reports what it throws. Returns whether it returned normally.
template <class Act>
bool attempt(Task task, std::string_view which, std::string_view next, Act&& act) noexcept {
  try {
    act();
    return true;
  } catch (...) {
    report_exception(task, which, next);
    return false;
  }
}

// Whether a step that has failed for the `tries`-th time is tried again, after a short pause on this thread.
// While memory is short: always. Else 100 times; then it is reported. To be called in a catch block.
bool is_tried_again(int tries) noexcept;

// Calls `act` until it returns normally. For steps without which a task would stop for ever, such as setting
// a timer, and which fail only while memory is short. If memory stays short, the thread stops responding, and
// the watchdog of the service manager restarts the process.
template <class Act>
void persist(Act&& act) noexcept {
  for (int tries = 1;; ++tries) {
    try {
      act();
      return;
    } catch (...) {
      if (!is_tried_again(tries)) return;
    }
  }
}

}  // namespace gensetd::supervision
