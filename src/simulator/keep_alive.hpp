#pragma once

#include <boost/asio/awaitable.hpp>

#include <memory>

namespace gensetd::simulator {

// Runs a member coroutine of `owner`, which lives until it ends. (Taking a shared_ptr inside the member
// coroutine would be too late: a spawned coroutine does not begin at once.)
template <class Owner>
boost::asio::awaitable<void> keep_alive(std::shared_ptr<Owner> owner, boost::asio::awaitable<void> task) {
  co_await std::move(task);
  owner.reset();
}

}  // namespace gensetd::simulator
