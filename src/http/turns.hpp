#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cstddef>

namespace gensetd::http {

// Long work of one request in turns of some milliseconds, so that nobody's polling waits for the whole of it.
// Use: after each piece, `if (turns.is_over()) co_await Turns::others_first();`
class Turns {
 public:
  explicit Turns(std::size_t pieces_per_turn) : pieces_per_turn_(pieces_per_turn) {}

  bool is_over() { return ++pieces_ % pieces_per_turn_ == 0; }

  // Goes on behind all that is ready to run.
  static boost::asio::awaitable<void> others_first() {
    const auto executor = co_await boost::asio::this_coro::executor;
    co_await boost::asio::post(executor, boost::asio::use_awaitable);
  }

 private:
  std::size_t pieces_per_turn_;
  std::size_t pieces_ = 0;
};

}  // namespace gensetd::http
