#include "redis/output.hpp"

namespace gensetd::redis {

RedisOutput::RedisOutput(boost::asio::io_context& context, const RedisOptions& options, live::Hub& hub) {
  if (!options.url.empty()) client_.emplace(context, options, hub);
}

void RedisOutput::start() {
  if (client_) client_->start();
}

boost::asio::awaitable<void> RedisOutput::stop(std::chrono::milliseconds within) {
  if (client_) co_await client_->stop(within);
}

std::string RedisOutput::health() const { return client_ ? client_->state() : "off"; }

void RedisOutput::publish_event(const std::string& json) {
  if (client_) client_->publish_event(json);
}

void RedisOutput::add_metrics(measure::MetricFamilies& families) const {
  if (!client_) return;
  const RedisMetrics redis = client_->metrics();
  families.gauge("gensetd_redis_up", "Whether Redis responds and accepts every reading.",
                 client_->is_healthy() ? 1 : 0);
  families.counter("gensetd_redis_readings_written_total", "Readings that Redis accepted.", redis.written);
  families.counter("gensetd_redis_readings_refused_total", "Readings that Redis refused.", redis.rejected);
  families.counter("gensetd_redis_readings_conflated_total",
                   "Readings not written because a newer one of the device replaced them.", redis.conflated);
  families.counter("gensetd_redis_messages_received_total",
                   "Messages received on metrics:updates, own ones included.", redis.received);
  families.counter("gensetd_redis_messages_dropped_total",
                   "Of these, dropped because they are not valid readings.", redis.invalid_messages);
  families.gauge("gensetd_redis_shared_hashes",
                 "Devices polled here whose hash another process writes too; set REDIS_PREFIX.",
                 static_cast<double>(redis.shared_hashes));
  families.counter("gensetd_redis_shared_messages_total",
                   "Readings of devices polled here that another process published.", redis.shared_messages);
  families.gauge("gensetd_redis_foreign_devices",
                 "Devices of which readings from other processes are in memory.",
                 static_cast<double>(redis.foreign_devices));
  families.counter("gensetd_redis_foreign_dropped_total",
                   "Readings from other processes dropped at the limit of devices in memory.",
                   redis.over_limit);
  families.counter("gensetd_redis_connections_lost_total", "Connections to Redis lost.",
                   redis.connections_lost);
  families.histogram("gensetd_redis_write_duration_seconds",
                     "From writing a reading's transaction to the socket to its last reply.",
                     redis.response_time);
  families.counter(
      "gensetd_redis_events_dropped_total",
      "Events not published on events:new because Redis was not connected or the queue was full.",
      redis.events_dropped);
  families.gauge("gensetd_redis_waiting", "Readings and removals not sent yet.",
                 static_cast<double>(redis.waiting));
  families.gauge("gensetd_redis_unanswered", "Transactions sent whose replies are pending.",
                 static_cast<double>(redis.pending));
}

}  // namespace gensetd::redis
