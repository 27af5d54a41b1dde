#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cstddef>

namespace gensetd::http {

// Work on all devices for one request, in turns of about a millisecond, so that nobody's polling waits for
// the whole of it. Use: after each device, `if (turns.is_over()) co_await Turns::others_first();`
class Turns {
 public:
  bool is_over() { return ++devices_ % devices_per_turn == 0; }

  // Goes on behind all that is ready to run.
  static boost::asio::awaitable<void> others_first() {
    const auto executor = co_await boost::asio::this_coro::executor;
    co_await boost::asio::post(executor, boost::asio::use_awaitable);
  }

 private:
  static constexpr std::size_t devices_per_turn = 20;  // of some 60 values each

  std::size_t devices_ = 0;
};

}  // namespace gensetd::http
