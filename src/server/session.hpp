#pragma once

#include "server/server_context.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <memory>

namespace gensetd::server {

// Serves one connection from its first request to its end, including a WebSocket that it is upgraded to. When
// `admission` names an exceeded limit, the first request is refused and the connection closed. Never throws
// because of what a peer sends.
boost::asio::awaitable<void> run_session(boost::asio::ip::tcp::socket socket,
                                         std::shared_ptr<ServerContext> context, Admission admission);

}  // namespace gensetd::server
