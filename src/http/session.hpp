#pragma once

#include "http/api.hpp"
#include "http/connections.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <memory>

namespace gensetd::http {

// What the sessions share; outlives them.
struct Shared {
  Api api;
  Connections connections;
};

// One HTTP connection from its first request to its end, or to its upgrade. Never throws for what a peer
// does.
boost::asio::awaitable<void> run_session(boost::asio::ip::tcp::socket socket, std::shared_ptr<Shared> shared);

}  // namespace gensetd::http
