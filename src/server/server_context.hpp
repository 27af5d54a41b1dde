#pragma once

#include "server/connections.hpp"
#include "server/http_metrics.hpp"
#include "server/request_handler.hpp"
#include "server/server_limits.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <utility>

namespace gensetd::server {

// Shared by all sessions of a server; outlives them.
struct ServerContext {
  ServerContext(boost::asio::io_context& context, const ServerLimits& its_limits,
                std::function<std::size_t()> open_max, std::shared_ptr<boost::asio::ssl::context> its_tls)
      : limits(its_limits), connections(context, limits, std::move(open_max)), tls(std::move(its_tls)) {}

  ServerLimits limits;
  Connections connections;
  HttpMetrics metrics;
  std::shared_ptr<boost::asio::ssl::context> tls;  // for new connections; null: without TLS
  std::shared_ptr<RequestHandler> handler;         // set before the first connection is accepted
};

}  // namespace gensetd::server
