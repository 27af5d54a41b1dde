#include "supervision/tasks.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <memory>
#include <thread>

namespace gensetd::supervision {
namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;
using std::chrono::steady_clock;
constexpr auto use_tuple = asio::as_tuple(asio::use_awaitable);

// More than this in a second, and the thread pauses after each.
constexpr int exceptions_per_second_max = 20;
constexpr milliseconds pause_after_many{50};

// Slows down a loop that does nothing but throw.
class Brake {
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

// When memory is short, Asio may drop the handler that would resume a coroutine, and with it the coroutine:
// nothing in it runs any more but destructors. (Seen with a socket that was accepted and could not be
// registered.) Then the loop is started again from here.
class Survival {
 public:
  explicit Survival(std::shared_ptr<const Loop> loop) : loop_(std::move(loop)) {}
  Survival(const Survival&) = delete;
  Survival& operator=(const Survival&) = delete;
  // At the end of the context the posted handler is dropped unexecuted.
  ~Survival() {
    if (loop_) persist([this] { asio::post(loop_->executor, [loop = loop_] { start(loop); }); });
  }
  void end() { loop_.reset(); }

 private:
  std::shared_ptr<const Loop> loop_;
};

asio::awaitable<void> keep_running(std::shared_ptr<const Loop> loop) {
  Survival survival(loop);
  asio::steady_timer pause(loop->executor);
  for (;;) {
    bool is_over = false;
    try {
      asio::awaitable<void> once = loop->begin();
      co_await std::move(once);
      is_over = true;
    } catch (...) {
      report_exception(loop->task, loop->which, "it begins again");
    }
    if (is_over) break;
    try {
      pause.expires_after(loop->delay);
      [[maybe_unused]] const auto [aborted] = co_await pause.async_wait(use_tuple);
    } catch (...) {
      std::this_thread::sleep_for(pause_after_many);  // no memory for the wait
    }
  }
  survival.end();
}

void start(const std::shared_ptr<const Loop>& loop) {
  persist([&] { spawn(loop->executor, loop->task, keep_running(loop)); });
}

}  // namespace

void run(asio::io_context& context, Task task) {
  Brake brake;
  for (;;) {
    try {
      context.run();
      return;
    } catch (...) {
      report_exception(task, {}, "one handler ended early, the thread goes on");
      brake.note();
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
