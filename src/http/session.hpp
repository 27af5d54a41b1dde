#pragma once

#include "http/api.hpp"
#include "http/connections.hpp"
#include "http/dashboard_stream.hpp"
#include "http/limits.hpp"
#include "http/wake_list.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>

#include <memory>
#include <utility>

namespace gensetd::http {

// What the sessions share; outlives them.
struct Shared {
  Shared(boost::asio::io_context& context, const Limits& its_limits, Services services, Access access,
         std::filesystem::path web_dir, std::shared_ptr<boost::asio::ssl::context> its_tls)
      : limits(its_limits),
        connections(context, limits, services.connections_possible),
        api(std::move(services), std::move(access), connections, std::move(web_dir)),
        tls(std::move(its_tls)),
        wake_list(std::make_shared<WakeList>(context)) {}

  Limits limits;
  Connections connections;
  Api api;
  std::shared_ptr<DashboardSource> dashboards;
  std::shared_ptr<boost::asio::ssl::context> tls;  // of new connections; null: without TLS
  const std::shared_ptr<WakeList> wake_list;       // of WebSocket clients
};

// One HTTP connection from its first request to its end, or to its upgrade. Where there is no room its first
// request is refused. Never throws for what a peer does.
boost::asio::awaitable<void> run_session(boost::asio::ip::tcp::socket socket, std::shared_ptr<Shared> shared,
                                         Room room);

}  // namespace gensetd::http
