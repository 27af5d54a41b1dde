#include "redis/subscriber.hpp"

#include "log/log.hpp"

#include <utility>

namespace gensetd::redis {

Subscriber::Subscriber(live::Hub& hub, std::shared_ptr<RedisHealth> health,
                       std::shared_ptr<OtherWriters> others, KeyNames names, reading::Epoch own_epoch,
                       Clock clock)
    : hub_(hub),
      health_(std::move(health)),
      others_(std::move(others)),
      names_(std::move(names)),
      own_ending_(reading::ending_of(own_epoch)),
      clock_(clock) {}

void Subscriber::opened() {
  subscribe_sent_ = false;
  subscribed_ = false;
  ping_pending_ = false;
}

void Subscriber::append_commands(std::string& outgoing) {
  if (!std::exchange(subscribe_sent_, true)) append_command(outgoing, {"SUBSCRIBE", names_.updates_channel});
}

void Subscriber::append_ping(std::string& outgoing) {
  append_command(outgoing, {"PING"});
  ping_pending_ = true;
}

RedisFailure Subscriber::handle_reply(RedisReply& reply) {
  if (reply.type == RedisReply::Type::error) {
    return rejection("subscribing to " + names_.updates_channel, reply.text);
  }
  if (reply.elements.empty()) return {};
  const std::string& kind = reply.elements.front().text;
  if (kind == "pong") ping_pending_ = false;
  if (kind == "subscribe") {
    subscribed_ = true;
    health_->connection_ready(RedisHealth::Role::subscribing);
  }
  if (kind == "message" && reply.elements.size() == 3) handle_message(reply.elements[2].text);
  return {};
}

void Subscriber::handle_message(std::string_view json) {
  if (detached_) return;
  ++received_;
  // Most messages are own ones, which need no parsing.
  if (json.ends_with(own_ending_)) return;
  std::string why;
  const reading::SteadyTime now = clock_();
  const reading::ReadingPtr message = reading::parse_foreign(json, now, why);
  if (!message) return count_invalid(why);
  switch (hub_.publish(message)) {
    case live::PublishResult::newest:
      others_->remove(message->device_id);  // the device is no longer polled here
      break;
    case live::PublishResult::polled_here:
      others_->add_message(message->device_id, names_.metrics_key(message->device_id), message->epoch, now);
      break;
    case live::PublishResult::limit_reached:
      count_over_limit();
      break;
    case live::PublishResult::outdated:
      break;
  }
}

void Subscriber::count_over_limit() {
  ++over_limit_;
  if (std::exchange(last_over_limit_, clock_())) return;
  const live::ForeignReadings& held = hub_.foreign();
  log::warning("foreign_readings_limited")
      .field("endpoint", health_->endpoint())
      .field("devices", held.devices)
      .field("bytes", held.bytes)
      .say(
          "Redis {}: other processes publish readings of too many devices on {} ({} devices with {} bytes "
          "are in memory); readings of further devices are dropped",
          health_->endpoint(), names_.updates_channel, held.devices, held.bytes);
}

void Subscriber::tidy() {
  const reading::SteadyTime now = clock_();
  others_->expire(now);
  if (!last_over_limit_ || now - *last_over_limit_ <= limit_pause) return;
  last_over_limit_.reset();
  log::info("foreign_readings_not_limited")
      .field("endpoint", health_->endpoint())
      .say("Redis {}: readings of other processes are no longer dropped", health_->endpoint());
}

void Subscriber::add_to(RedisMetrics& metrics) const {
  metrics.received += received_;
  metrics.invalid_messages += invalid_messages_;
  metrics.over_limit += over_limit_;
  metrics.foreign_devices += hub_.foreign().devices;
  metrics.shared_messages += others_->messages();
  metrics.shared_hashes += others_->devices();
}

void Subscriber::count_invalid(std::string_view why) {
  ++unlogged_invalid_;
  ++invalid_messages_;
  const reading::SteadyTime now = clock_();
  if (now < log_from_) return;
  log::warning("redis_messages_dropped")
      .field("endpoint", health_->endpoint())
      .field("messages", unlogged_invalid_)
      .field("error", why)
      .say("Redis {}: {} messages on {} are not valid readings and were dropped, the last: {}",
           health_->endpoint(), unlogged_invalid_, names_.updates_channel, why);
  unlogged_invalid_ = 0;
  log_from_ = now + log_pause;
}

}  // namespace gensetd::redis
