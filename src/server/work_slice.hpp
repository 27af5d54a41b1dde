#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cstddef>

namespace gensetd::server {

// Divides work on all devices for one request into slices of about a millisecond, so that it does not delay
// the other handlers of the event loop. Use: after each device,
// `if (slice.is_used_up()) co_await WorkSlice::yield_to_others();`
class WorkSlice {
 public:
  bool is_used_up() { return ++devices_ % devices_per_slice == 0; }

  // Continues after all handlers that are ready to run.
  static boost::asio::awaitable<void> yield_to_others() {
    const auto executor = co_await boost::asio::this_coro::executor;
    co_await boost::asio::post(executor, boost::asio::use_awaitable);
  }

 private:
  static constexpr std::size_t devices_per_slice = 20;  // of about 60 values each

  std::size_t devices_ = 0;
};

}  // namespace gensetd::server
