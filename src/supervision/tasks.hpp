#pragma once

#include "supervision/exceptions.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <exception>
#include <functional>
#include <string>
#include <utility>

namespace gensetd::supervision {

// Runs the context until it has no work left or is stopped. An exception that leaves a handler is reported,
// and the context continues. This is a safeguard: each task catches its own exceptions. After many exceptions
// within a second, the thread pauses after each.
void run(boost::asio::io_context& context, Task task);

// Starts a coroutine that nothing waits for. Its exception is reported and ends only this coroutine; then
// `failed` is called. `body` is what co_spawn() takes: an awaitable<void>, or a function that returns one.
template <class Executor, class Body, class Failed>
void spawn(Executor&& where, Task task, Body body, Failed failed) {
  boost::asio::co_spawn(std::forward<Executor>(where), std::move(body),
                        [task, failed = std::move(failed)](const std::exception_ptr& exception) {
                          if (!exception) return;
                          report_exception(exception, task, {}, "it ends, all others continue");
                          failed();
                        });
}

template <class Executor, class Body>
void spawn(Executor&& where, Task task, Body body) {
  spawn(std::forward<Executor>(where), task, std::move(body), [] {});
}

// Starts a task that runs as long as the program. `begin` returns its coroutine and keeps alive what the
// coroutine uses. When the coroutine throws, the exception is reported, and `begin` is called again after
// `delay`. The task ends when the coroutine returns, which it must do when its owner has been stopped.
inline constexpr std::chrono::seconds restart_delay{1};
void spawn_loop(const boost::asio::any_io_executor& executor, Task task, std::string which,
                std::function<boost::asio::awaitable<void>()> begin,
                std::chrono::milliseconds delay = restart_delay);

}  // namespace gensetd::supervision
