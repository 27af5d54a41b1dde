#pragma once

#include "link/link.hpp"
#include "poller/device_poller.hpp"
#include "poller/handover.hpp"
#include "supervision/heartbeat.hpp"
#include "supervision/repeater.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <thread>
#include <type_traits>
#include <utility>

namespace gensetd::poller {

// What a polling thread has; to be touched on it alone.
struct Crew {
  Crew(boost::asio::io_context& context, link::AddressPolicy policy, Handover& handover,
       reading::Numbering& numbering, std::shared_ptr<link::DescriptorBudget> descriptors = nullptr);

  link::Pool links;
  Surroundings surroundings;
  std::map<std::int64_t, std::shared_ptr<DevicePoller>> devices;
};

// A thread that polls some of the devices: all behind one host:port are on the same one, so that nothing of a
// link is shared. Tells of readings by its handover. Use: construct, and destroy it to end all at once. All
// functions are another thread's, the hub's; they return at once, and what they ask for is done in that
// order.
class PollThread {
 public:
  struct Options {
    link::AddressPolicy policy;
    std::shared_ptr<link::DescriptorBudget> descriptors;  // null: no limit
    std::size_t index = 0;                                // among the polling threads
    // Of the thread that owns this one: watched from here, as a thread cannot log that it hangs itself.
    std::shared_ptr<const supervision::Heartbeat> owner;
  };
  // `numbering` outlives it.
  PollThread(Options options, reading::Numbering& numbering);
  ~PollThread();
  PollThread(const PollThread&) = delete;
  PollThread& operator=(const PollThread&) = delete;

  Handover& handover() { return handover_; }

  // Stamped each second while the thread works through its tasks.
  const std::shared_ptr<supervision::Heartbeat>& heartbeat() const { return heartbeat_; }

  void start(Target target, DevicePoller::Beginning beginning);
  void adopt(Target target);  // of the same source: names and pace
  void forget(std::int64_t device_id);
  void forget_all();

  // What `look` returns, called with the crew. Empty when the thread does not respond within `patience`, at
  // once when it is known to hang.
  static constexpr std::chrono::seconds patience{2};
  template <class Look>
  boost::asio::awaitable<std::optional<std::invoke_result_t<Look, Crew&>>> ask(Look look) {
    using Found = std::invoke_result_t<Look, Crew&>;
    auto there = [&crew = *crew_, look = std::move(look)]() -> boost::asio::awaitable<Found> {
      co_return look(crew);
    };
    std::optional<Found> found = co_await result_of<Found>(std::move(there), patience);
    co_return found;
  }

  // The same for a task that takes up to `within`: `begin` returns an awaitable<Found>.
  template <class Found, class Begin>
  boost::asio::awaitable<std::optional<Found>> carry_out(Begin begin, std::chrono::seconds within) {
    auto there = [this, begin = std::move(begin)] { return begin(context_, *crew_); };
    std::optional<Found> found = co_await result_of<Found>(std::move(there), within);
    co_return found;
  }

 private:
  template <class Do>
  void post(Do act);

  // A result on its way from the thread. Only the thread that waits for it touches it.
  template <class Found>
  struct Answer {
    std::optional<Found> found;
    std::exception_ptr failure;
    boost::asio::steady_timer* wait = nullptr;  // null: nothing waits any more
  };

  template <class Found, class There>
  boost::asio::awaitable<std::optional<Found>> result_of(There there, std::chrono::seconds within) {
    if (heartbeat_->hangs(std::chrono::steady_clock::now())) co_return std::nullopt;
    const auto here = co_await boost::asio::this_coro::executor;
    const auto answer = std::make_shared<Answer<Found>>();
    boost::asio::steady_timer wait(here);
    wait.expires_after(within);
    answer->wait = &wait;
    auto done = [answer, here](std::exception_ptr failure, Found found) {
      boost::asio::post(here, [answer, failure = std::move(failure), found = std::move(found)]() mutable {
        answer->failure = std::move(failure);
        answer->found = std::move(found);
        if (answer->wait != nullptr) answer->wait->cancel();
      });
    };
    boost::asio::co_spawn(context_, std::move(there), std::move(done));
    constexpr auto use_tuple = boost::asio::as_tuple(boost::asio::use_awaitable);
    [[maybe_unused]] const auto [aborted] = co_await wait.async_wait(use_tuple);
    answer->wait = nullptr;
    if (answer->failure) std::rethrow_exception(answer->failure);
    std::optional<Found> found = std::move(answer->found);
    co_return found;
  }

  std::shared_ptr<supervision::Heartbeat> heartbeat_;
  Handover handover_;
  // Others only post to it: its sockets need no locks.
  boost::asio::io_context context_{BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> goes_on_;
  std::unique_ptr<Crew> crew_;
  supervision::Repeater beat_;
  supervision::HangMonitor owner_monitor_;  // this thread's
  std::thread thread_;
};

}  // namespace gensetd::poller
