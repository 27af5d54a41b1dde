#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>
#include <string_view>

namespace gensetd::supervision {

// The kinds of tasks that an exception can end. Log fields and metrics use word(), sentences use title().
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

// The text of an exception, for people. For std::bad_alloc it says what to do; for an exception that is not a
// std::exception it is a fixed text.
std::string describe(const std::exception_ptr& exception);

// Call this in a catch block. It counts the exception and logs it as the event `task_failed`. The same task
// is logged at most once a minute; the next line says how many exceptions were not logged. Never throws. Any
// thread. which: which one of several tasks of a kind ("10.0.0.7"), with or without the title() in front
// ("device 7 MKZ/G1"), or empty. next: what happens next ("it is read again at its next slot").
void report_exception(Task task, std::string_view which, std::string_view next) noexcept;
void report_exception(const std::exception_ptr& exception, Task task, std::string_view which,
                      std::string_view next) noexcept;

// How many exceptions were reported since the start, by task.
std::array<std::uint64_t, task_count> exception_counts();

// The word() of each kind of task with an exception within the last minute, joined by ", ".
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

// Whether a step that has failed `tries` times is to be tried again. If so, pauses this thread for 10 ms
// first. True while memory is short, else for the first 100 failures; then the exception is reported. Call it
// in a catch block.
bool is_tried_again(int tries) noexcept;

// Calls `act` until it returns normally. For steps that fail only while memory is short, and without which a
// task would stop for ever, such as setting a timer. If memory stays short, the thread stops responding, and
// the service manager restarts the process.
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
