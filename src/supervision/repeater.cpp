#include "supervision/repeater.hpp"

#include <boost/asio/steady_timer.hpp>

#include <utility>

namespace gensetd::supervision {

// Outlives the Repeater until the pending wait has ended.
struct Repeater::State : std::enable_shared_from_this<State> {
  State(const boost::asio::any_io_executor& executor, Task its_task) : timer(executor), task(its_task) {}

  void wait() {
    timer.expires_after(every);
    timer.async_wait([self = shared_from_this()](boost::system::error_code aborted) {
      if (aborted || self->stopped) return;
      // The timer is set first, so that an exception of the function cannot end the repetition.
      persist([&] { self->wait(); });
      attempt(self->task, {}, "it is called again at its next time", self->act);
    });
  }

  boost::asio::steady_timer timer;
  const Task task;
  std::chrono::nanoseconds every{0};
  std::function<void()> act;
  bool stopped = false;
};

Repeater::Repeater(const boost::asio::any_io_executor& executor, Task task)
    : state_(std::make_shared<State>(executor, task)) {}

Repeater::~Repeater() { stop(); }

void Repeater::start(std::chrono::nanoseconds every, std::function<void()> act) {
  state_->every = every;
  state_->act = std::move(act);
  state_->stopped = false;
  state_->wait();
}

void Repeater::stop() {
  state_->stopped = true;
  state_->timer.cancel();
}

}  // namespace gensetd::supervision
