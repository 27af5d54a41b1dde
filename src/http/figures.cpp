#include "http/figures.hpp"

#include <string>

namespace gensetd::http {

void add_figures(const Figures& figures, const Connections& connections, MetricFamilies& families) {
  for (const auto& [status, count] : figures.answers) {
    families.counter("gensetd_http_requests_total", "HTTP requests answered, by status.", count,
                     {{"code", std::to_string(status)}});
  }
  families.histogram("gensetd_http_request_duration_seconds",
                     "From a complete HTTP request to its answer handed to the socket.",
                     figures.request_time);
  families.gauge("gensetd_http_connections", "HTTP connections, WebSockets not included.",
                 static_cast<double>(connections.sessions()));
  families.counter("gensetd_http_connections_refused_total", "Connections refused as a limit was reached.",
                   connections.refused());
  families.gauge("gensetd_websocket_clients", "WebSocket clients.",
                 static_cast<double>(connections.websockets()));
  families.counter("gensetd_websocket_messages_total", "Messages sent to WebSocket clients.",
                   figures.websocket_messages);
  families.counter("gensetd_websocket_sent_bytes_total", "Bytes of messages sent to WebSocket clients.",
                   figures.websocket_bytes);
  families.counter(
      "gensetd_websocket_readings_conflated_total",
      "Readings that a client was not sent, as a newer one of the device came before it could take "
      "one, or before its time in proto=2.",
      figures.websocket_conflated);
}

}  // namespace gensetd::http
