#pragma once

#include "server/beast.hpp"
#include "server/server_context.hpp"
#include "server/transport.hpp"

#include <memory>

namespace gensetd::server {

// A connection whose request to become a WebSocket was accepted, before the 101 response.
struct Upgrade {
  Transport transport;
  BeastRequest request;
  std::shared_ptr<ServerContext> server;
};

}  // namespace gensetd::server
