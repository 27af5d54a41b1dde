#pragma once

#include "link/link.hpp"
#include "poller/device_poller.hpp"
#include "poller/reading_queue.hpp"
#include "supervision/heartbeat.hpp"
#include "supervision/repeater.hpp"
#include "supervision/use_tuple.hpp"

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

// The connections and devices of one polling thread. Used on that thread only.
struct PollThreadState {
  PollThreadState(boost::asio::io_context& io_context, link::AddressPolicy policy, ReadingQueue& readings,
                  reading::Numbering& numbering,
                  std::shared_ptr<link::DescriptorBudget> descriptors = nullptr);

  link::Pool links;
  PollContext context;
  std::map<std::int64_t, std::shared_ptr<DevicePoller>> devices;
};

// A thread that polls some of the devices. All devices behind one host:port are on the same thread, so that
// connections are not shared between threads. Readings leave it through readings(). Use: construct; destroy
// it to stop everything at once. The caller's thread, which is the hub's, calls all functions; they return at
// once, and the thread carries out the calls in their order.
class PollThread {
 public:
  struct Options {
    link::AddressPolicy policy;
    std::shared_ptr<link::DescriptorBudget> descriptors;  // null: no limit
    std::size_t index = 0;                                // among the polling threads
    // Of the caller's thread, watched from here: a thread cannot log that it hangs itself. May be null.
    std::shared_ptr<const supervision::Heartbeat> owner;
  };
  // `numbering` must outlive it.
  PollThread(Options options, reading::Numbering& numbering);
  ~PollThread();
  PollThread(const PollThread&) = delete;
  PollThread& operator=(const PollThread&) = delete;

  ReadingQueue& readings() { return readings_; }

  // Updated each second while the thread works through its tasks.
  const std::shared_ptr<supervision::Heartbeat>& heartbeat() const { return heartbeat_; }

  void start(PollTarget target, DevicePoller::StartOptions options);
  void update(PollTarget target);  // names and settings; is_same_source() must hold
  void remove(std::int64_t device_id);
  void remove_all();

  // Returns the result of `read_state`, which the thread calls with its state. Empty when the thread does not
  // respond within query_timeout, at once when it is known to hang. Rethrows what `read_state` throws.
  static constexpr std::chrono::seconds query_timeout{2};
  template <class ReadState>
  boost::asio::awaitable<std::optional<std::invoke_result_t<ReadState, PollThreadState&>>> query(
      ReadState read_state) {
    using Result = std::invoke_result_t<ReadState, PollThreadState&>;
    auto task = [&state = *state_, read_state = std::move(read_state)]() -> boost::asio::awaitable<Result> {
      co_return read_state(state);
    };
    std::optional<Result> result = co_await result_of<Result>(std::move(task), query_timeout);
    co_return result;
  }

  // The same for a task that takes up to `timeout`: `begin` returns an awaitable<Result>.
  template <class Result, class Begin>
  boost::asio::awaitable<std::optional<Result>> run_task(Begin begin, std::chrono::seconds timeout) {
    auto task = [this, begin = std::move(begin)] { return begin(io_context_, *state_); };
    std::optional<Result> result = co_await result_of<Result>(std::move(task), timeout);
    co_return result;
  }

 private:
  template <class Act>
  void post(Act act);

  // A result that the thread has yet to deliver. Only the thread that waits for it uses this.
  template <class Result>
  struct PendingResult {
    std::optional<Result> result;
    std::exception_ptr failure;
    boost::asio::steady_timer* wait = nullptr;  // null: nothing waits any more
  };

  template <class Result, class Task>
  boost::asio::awaitable<std::optional<Result>> result_of(Task task, std::chrono::seconds timeout) {
    if (heartbeat_->hangs(std::chrono::steady_clock::now())) co_return std::nullopt;
    const auto here = co_await boost::asio::this_coro::executor;
    const auto pending = std::make_shared<PendingResult<Result>>();
    boost::asio::steady_timer wait(here);
    wait.expires_after(timeout);
    pending->wait = &wait;
    auto deliver = [pending, here](std::exception_ptr failure, Result result) {
      boost::asio::post(here, [pending, failure = std::move(failure), result = std::move(result)]() mutable {
        pending->failure = std::move(failure);
        pending->result = std::move(result);
        if (pending->wait != nullptr) pending->wait->cancel();
      });
    };
    boost::asio::co_spawn(io_context_, std::move(task), std::move(deliver));
    [[maybe_unused]] const auto [aborted] = co_await wait.async_wait(supervision::use_tuple);
    pending->wait = nullptr;
    if (pending->failure) std::rethrow_exception(pending->failure);
    std::optional<Result> result = std::move(pending->result);
    co_return result;
  }

  std::shared_ptr<supervision::Heartbeat> heartbeat_;
  ReadingQueue readings_;
  // Other threads only post to it, so its sockets need no locks.
  boost::asio::io_context io_context_{BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_guard_;
  std::unique_ptr<PollThreadState> state_;
  supervision::Repeater beat_;
  supervision::HangMonitor owner_monitor_;  // used on this thread
  std::thread thread_;
};

}  // namespace gensetd::poller
