#include "redis/subscriber.hpp"

#include "log/log.hpp"

#include <utility>

namespace gensetd::redis {

Subscriber::Subscriber(live::Hub& hub, std::shared_ptr<Health> health, std::shared_ptr<OtherWriters> others,
                       Names names, reading::Epoch own_epoch, Clock clock)
    : hub_(hub),
      health_(std::move(health)),
      others_(std::move(others)),
      names_(std::move(names)),
      own_ending_(reading::ending_of(own_epoch)),
      clock_(clock) {}

void Subscriber::opened() {
  asked_ = false;
  subscribed_ = false;
  ping_unanswered_ = false;
}

void Subscriber::fill(std::string& outgoing) {
  if (!std::exchange(asked_, true)) append_command(outgoing, {"SUBSCRIBE", names_.updates_channel});
}

void Subscriber::ping(std::string& outgoing) {
  append_command(outgoing, {"PING"});
  ping_unanswered_ = true;
}

Failure Subscriber::take(Reply& reply) {
  if (reply.type == Reply::Type::error) {
    return refusal("subscribing to " + names_.updates_channel, reply.text);
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
  // Most messages are what this process has published itself; they need not be parsed.
  if (json.ends_with(own_ending_)) return;
  std::string why;
  const reading::SteadyTime now = clock_();
  const reading::ReadingPtr message = reading::parse_foreign(json, now, why);
  if (!message) return note_refused(why);
  switch (hub_.publish(message)) {
    case live::Verdict::newest:
      others_->forget(message->device_id);  // it is not polled here any more
      break;
    case live::Verdict::polled_here:
      others_->note(message->device_id, names_.metrics_key(message->device_id), message->epoch, now);
      break;
    case live::Verdict::no_room:
      note_no_room();
      break;
    case live::Verdict::outdated:
      break;
  }
}

void Subscriber::note_no_room() {
  ++no_room_;
  if (std::exchange(last_no_room_, clock_())) return;
  const live::ForeignReadings& held = hub_.foreign();
  log::warning("foreign_readings_limited")
      .field("endpoint", health_->endpoint())
      .field("devices", held.devices)
      .field("bytes", held.bytes)
      .say(
          "Redis {}: other processes publish readings of too many devices on {} ({} devices with {} bytes "
          "are held); "
          "those of further devices are dropped",
          health_->endpoint(), names_.updates_channel, held.devices, held.bytes);
}

void Subscriber::tidy() {
  const reading::SteadyTime now = clock_();
  others_->expire(now);
  if (!last_no_room_ || now - *last_no_room_ <= room_pause) return;
  last_no_room_.reset();
  log::info("foreign_readings_not_limited")
      .field("endpoint", health_->endpoint())
      .say("Redis {}: no more readings of other processes are dropped", health_->endpoint());
}

void Subscriber::add_to(Figures& figures) const {
  figures.received += received_;
  figures.not_readings += not_readings_;
  figures.no_room += no_room_;
  figures.foreign_devices += hub_.foreign().devices;
  figures.of_own_devices += others_->messages();
  figures.shared_hashes += others_->devices();
}

void Subscriber::note_refused(std::string_view why) {
  ++refused_;
  ++not_readings_;
  const reading::SteadyTime now = clock_();
  if (now < log_from_) return;
  log::warning("redis_messages_dropped")
      .field("endpoint", health_->endpoint())
      .field("messages", refused_)
      .field("error", why)
      .say("Redis {}: {} messages on {} are no readings and were dropped, the last: {}", health_->endpoint(),
           refused_, names_.updates_channel, why);
  refused_ = 0;
  log_from_ = now + log_pause;
}

}  // namespace gensetd::redis
