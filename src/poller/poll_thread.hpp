#pragma once

#include "link/link.hpp"
#include "poller/device_poller.hpp"
#include "poller/handover.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <thread>
#include <type_traits>
#include <utility>

namespace gensetd::poller {

// What a polling thread has; to be touched on it alone.
struct Crew {
  Crew(boost::asio::io_context& context, link::AddressPolicy policy, Handover& handover,
       reading::Numbering& numbering);

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
  // `numbering` outlives it.
  PollThread(link::AddressPolicy policy, reading::Numbering& numbering);
  ~PollThread();
  PollThread(const PollThread&) = delete;
  PollThread& operator=(const PollThread&) = delete;

  Handover& handover() { return handover_; }

  void start(Target target, DevicePoller::Beginning beginning);
  void adopt(Target target);  // of the same source: names and pace
  void forget(std::int64_t device_id);
  void forget_all();

  // What `look` returns, called with the crew.
  template <class Look>
  boost::asio::awaitable<std::invoke_result_t<Look, Crew&>> ask(Look look) {
    using Found = std::invoke_result_t<Look, Crew&>;
    auto there = [&crew = *crew_, look = std::move(look)]() -> boost::asio::awaitable<Found> {
      co_return look(crew);
    };
    Found found = co_await boost::asio::co_spawn(context_, std::move(there), boost::asio::use_awaitable);
    co_return found;
  }

  // The same for what takes its time: `begin` returns an awaitable.
  template <class Begin>
  std::invoke_result_t<Begin, boost::asio::io_context&, Crew&> carry_out(Begin begin) {
    auto there = [this, begin = std::move(begin)] { return begin(context_, *crew_); };
    auto found = co_await boost::asio::co_spawn(context_, std::move(there), boost::asio::use_awaitable);
    co_return found;
  }

 private:
  template <class Do>
  void post(Do act);

  Handover handover_;
  // Others only post to it: its sockets need no locks.
  boost::asio::io_context context_{BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> goes_on_;
  std::unique_ptr<Crew> crew_;
  std::thread thread_;
};

}  // namespace gensetd::poller
