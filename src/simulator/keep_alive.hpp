#pragma once

#include <boost/asio/awaitable.hpp>

#include <memory>

namespace gensetd::simulator {

// Runs a member coroutine of `owner` and keeps `owner` alive until it ends. A shared_ptr taken inside the
// member coroutine would be too late, since a spawned coroutine does not start at once.
template <class Owner>
boost::asio::awaitable<void> keep_alive(std::shared_ptr<Owner> owner, boost::asio::awaitable<void> task) {
  co_await std::move(task);
  owner.reset();
}

}  // namespace gensetd::simulator
