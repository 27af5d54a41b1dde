#pragma once

#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <memory>
#include <utility>

namespace gensetd::server {

// Waits for a result that is delivered by a callback. `start` receives the callback; it must not call it
// before it returns.
template <class T, class Start>
boost::asio::awaitable<T> await_callback(Start start) {
  auto initiate = [&start](auto handler) {
    auto shared_handler = std::make_shared<decltype(handler)>(std::move(handler));
    start([shared_handler](T result) { std::move (*shared_handler)(std::move(result)); });
  };
  T result = co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void(T)>(
      initiate, boost::asio::use_awaitable);
  co_return result;
}

}  // namespace gensetd::server
