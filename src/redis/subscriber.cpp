#include "redis/subscriber.hpp"

#include "log/log.hpp"
#include "redis/commands.hpp"

#include <utility>

namespace gensetd::redis {

Subscriber::Subscriber(live::Hub& hub, std::shared_ptr<Health> health, IsOwn is_own)
    : hub_(hub), health_(std::move(health)), is_own_(std::move(is_own)) {}

void Subscriber::opened() {
  asked_ = false;
  subscribed_ = false;
  ping_unanswered_ = false;
}

void Subscriber::fill(std::string& outgoing) {
  if (!std::exchange(asked_, true)) append_command(outgoing, {"SUBSCRIBE", updates_channel});
}

void Subscriber::ping(std::string& outgoing) {
  append_command(outgoing, {"PING"});
  ping_unanswered_ = true;
}

Failure Subscriber::take(Reply& reply) {
  if (reply.type == Reply::Type::error) {
    return refusal("subscribing to " + std::string(updates_channel), reply.text);
  }
  if (reply.elements.empty()) return {};
  const std::string& kind = reply.elements.front().text;
  if (kind == "pong") ping_unanswered_ = false;
  if (kind == "subscribe") {
    subscribed_ = true;
    health_->returned(Health::Part::subscribing);
  }
  if (kind == "message" && reply.elements.size() == 3) take_message(reply.elements[2].text);
  return {};
}

void Subscriber::take_message(std::string_view json) {
  if (detached_) return;
  ++received_;
  // What comes most is what this process has just published: the same bytes, which need not be read.
  const live::ReadingPtr newest = hub_.newest(reading::leading_device_id(json));
  if (newest && newest->json == json) return;
  // In milliseconds: the clock's nanoseconds end in 2262, so that a later year would seem long ago.
  const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  std::string why;
  reading::ReadingPtr message = reading::parse_foreign(json, why);
  if (!message) {
    note_refused(why);
  } else if (message->timestamp > now + ahead_max) {
    note_refused("timestamp is more than a day ahead");
  } else if (!is_own_(*message)) {
    hub_.publish(std::move(message));
  }
}

void Subscriber::note_refused(std::string_view why) {
  ++refused_;
  ++not_readings_;
  const auto now = std::chrono::steady_clock::now();
  if (now < log_from_) return;
  log::warning("redis_messages_dropped")
      .field("endpoint", health_->endpoint())
      .field("messages", refused_)
      .field("error", why)
      .say("Redis {}: {} messages on {} are no readings and were dropped, the last: {}", health_->endpoint(),
           refused_, updates_channel, why);
  refused_ = 0;
  log_from_ = now + log_pause;
}

}  // namespace gensetd::redis
