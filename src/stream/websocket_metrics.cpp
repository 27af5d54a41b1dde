#include "stream/websocket_metrics.hpp"

namespace gensetd::stream {

void add_metrics(const WebSocketMetrics& metrics, measure::MetricFamilies& families) {
  families.counter("gensetd_websocket_messages_total", "Messages sent to WebSocket clients.",
                   metrics.messages);
  families.counter("gensetd_websocket_sent_bytes_total", "Bytes of messages sent to WebSocket clients.",
                   metrics.bytes);
  families.counter(
      "gensetd_websocket_readings_conflated_total",
      "Readings not sent to a client because a newer one of the device replaced them: the client was slow, "
      "or its batch interval (proto=2) had not passed.",
      metrics.conflated);
}

}  // namespace gensetd::stream
