#pragma once

#include "server/request_handler.hpp"
#include "stream/dashboard_stream.hpp"
#include "stream/stream_options.hpp"
#include "stream/wake_list.hpp"
#include "stream/websocket_metrics.hpp"

#include <memory>

namespace gensetd::stream {

// Shared by all WebSocket clients; outlives them.
struct WebSocketContext {
  std::shared_ptr<DashboardContext> dashboards;
  std::shared_ptr<WakeList> wake_list;
  WebSocketMetrics metrics = {};
};

// The task that serves one WebSocket in the protocol that its options select, until either side ends it. For
// the protocols see specification_stream.hpp and dashboard_stream.hpp.
server::WebSocketTask websocket_task(StreamOptions options, std::shared_ptr<WebSocketContext> context);

}  // namespace gensetd::stream
