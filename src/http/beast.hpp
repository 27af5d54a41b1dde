#pragma once

// What the units that speak HTTP include of Boost; precompiled.
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>

namespace gensetd::http {
constexpr auto use_tuple = boost::asio::as_tuple(boost::asio::use_awaitable);
using HttpRequest = boost::beast::http::request<boost::beast::http::string_body>;
}  // namespace gensetd::http
