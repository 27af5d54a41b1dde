#pragma once

#include "http/beast.hpp"
#include "http/session.hpp"
#include "http/stream.hpp"

namespace gensetd::http {

// Serves an upgrade that was admitted, in the protocol that it asked for, until either side ends it. What is
// said stands in specification_stream.hpp and dashboard_stream.hpp.
boost::asio::awaitable<void> run_websocket(Stream stream, HttpRequest request, UpgradeWish wish,
                                           std::shared_ptr<Shared> shared);

}  // namespace gensetd::http
