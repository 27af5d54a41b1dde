#pragma once

#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <memory>
#include <utility>

namespace gensetd::http {

// Waits for an answer that comes by a handler: `start` is given it, and does not call it before it returns.
template <class T, class Start>
boost::asio::awaitable<T> awaited(Start start) {
  auto initiate = [&start](auto handler) {
    auto held = std::make_shared<decltype(handler)>(std::move(handler));
    start([held](T result) { std::move (*held)(std::move(result)); });
  };
  T result = co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void(T)>(
      initiate, boost::asio::use_awaitable);
  co_return result;
}

}  // namespace gensetd::http
