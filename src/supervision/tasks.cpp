#include "supervision/tasks.hpp"

#include "supervision/use_tuple.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <memory>
#include <thread>

namespace gensetd::supervision {
namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

// If more exceptions than this occur within a second, the thread pauses after each.
constexpr int exceptions_per_second_max = 20;
constexpr milliseconds pause_after_many{50};

// Slows down a loop that only throws.
class ExceptionThrottle {
 public:
  void note() {
    const auto now = steady_clock::now();
    if (now - since_ > std::chrono::seconds{1}) {
      since_ = now;
      count_ = 0;
    }
    if (++count_ > exceptions_per_second_max) std::this_thread::sleep_for(pause_after_many);
  }

 private:
  steady_clock::time_point since_{};
  int count_ = 0;
};

struct Loop {
  asio::any_io_executor executor;
  Task task;
  std::string which;
  std::function<asio::awaitable<void>()> begin;
  milliseconds delay;
};

void start(const std::shared_ptr<const Loop>& loop);

// Restarts the loop when its coroutine is destroyed before it ends. When memory is short, Asio may drop the
// handler that would resume a coroutine, which destroys the coroutine. (Seen with an accepted socket that
// could not be registered.)
class RestartGuard {
 public:
  explicit RestartGuard(std::shared_ptr<const Loop> loop) : loop_(std::move(loop)) {}
  RestartGuard(const RestartGuard&) = delete;
  RestartGuard& operator=(const RestartGuard&) = delete;
  // When the context is destroyed, the posted handler is dropped without being executed.
  ~RestartGuard() {
    if (loop_) persist([this] { asio::post(loop_->executor, [loop = loop_] { start(loop); }); });
  }
  void end() { loop_.reset(); }

 private:
  std::shared_ptr<const Loop> loop_;
};

asio::awaitable<void> keep_running(std::shared_ptr<const Loop> loop) {
  RestartGuard restart(loop);
  asio::steady_timer pause(loop->executor);
  for (;;) {
    bool is_over = false;
    try {
      asio::awaitable<void> once = loop->begin();
      co_await std::move(once);
      is_over = true;
    } catch (...) {
      report_exception(loop->task, loop->which, "it is restarted");
    }
    if (is_over) break;
    try {
      pause.expires_after(loop->delay);
      [[maybe_unused]] const auto [aborted] = co_await pause.async_wait(use_tuple);
    } catch (...) {
      std::this_thread::sleep_for(pause_after_many);  // not enough memory for the timer
    }
  }
  restart.end();
}

void start(const std::shared_ptr<const Loop>& loop) {
  persist([&] { spawn(loop->executor, loop->task, keep_running(loop)); });
}

}  // namespace

void run(asio::io_context& context, Task task) {
  ExceptionThrottle throttle;
  for (;;) {
    try {
      context.run();
      return;
    } catch (...) {
      report_exception(task, {}, "one handler ended early, the thread continues");
      throttle.note();
    }
  }
}

void spawn_loop(const asio::any_io_executor& executor, Task task, std::string which,
                std::function<asio::awaitable<void>()> begin, milliseconds delay) {
  start(std::make_shared<const Loop>(Loop{.executor = executor,
                                          .task = task,
                                          .which = std::move(which),
                                          .begin = std::move(begin),
                                          .delay = delay}));
}

}  // namespace gensetd::supervision
