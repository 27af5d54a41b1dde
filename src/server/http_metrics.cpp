#include "server/http_metrics.hpp"

#include <string>

namespace gensetd::server {

void add_metrics(const HttpMetrics& metrics, const Connections& connections,
                 measure::MetricFamilies& families) {
  for (const auto& [status, count] : metrics.responses) {
    families.counter("gensetd_http_requests_total", "HTTP requests, by status of the response.", count,
                     {{"code", std::to_string(status)}});
  }
  families.histogram("gensetd_http_request_duration_seconds",
                     "Time from a complete HTTP request to its response.", metrics.request_time);
  families.gauge("gensetd_http_connections", "HTTP connections, without WebSockets.",
                 static_cast<double>(connections.sessions()));
  families.counter("gensetd_http_connections_refused_total",
                   "Connections refused because a limit was reached.", connections.refused());
  families.gauge("gensetd_websocket_clients", "WebSocket clients.",
                 static_cast<double>(connections.websockets()));
}

}  // namespace gensetd::server
