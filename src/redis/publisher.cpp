#include "redis/publisher.hpp"

#include "log/log.hpp"

#include <algorithm>
#include <utility>

namespace gensetd::redis {

Publisher::Publisher(live::Hub& hub, std::shared_ptr<RedisHealth> health,
                     std::shared_ptr<const OtherWriters> others, KeyNames names, Ttl ttl)
    : hub_(hub),
      health_(std::move(health)),
      others_(std::move(others)),
      names_(std::move(names)),
      ttl_(std::move(ttl)) {}

void Publisher::start() {
  subscription_ = hub_.subscribe(*this);
  for (const live::ReadingPtr& newest : hub_.all()) changed(newest);
}

void Publisher::detach() { live::Hub::Subscription ended = std::move(subscription_); }

bool Publisher::is_idle() const {
  return !connected_ || (mailbox_.empty() && removals_.empty() && events_.empty() && pending_.empty());
}

void Publisher::changed(const live::ReadingPtr& newest) {
  removals_.erase(newest->device_id);  // its first write clears the key, or another process owns the key now
  if (!newest->content) return;
  own_.try_emplace(newest->device_id);
  if (mailbox_.put(newest)) ++counted_.conflated;
  wake();
}

void Publisher::removed(std::int64_t device_id) {
  const auto found = own_.find(device_id);
  if (found == own_.end()) return;  // its key belongs to another process
  set_rejected(device_id, {});
  own_.erase(found);
  mailbox_.forget(device_id);
  if (others_->writes(device_id)) return log_key_left(device_id);
  removals_.insert(device_id);
  wake();
}

void Publisher::log_key_left(std::int64_t device_id) const {
  log::info("redis_key_left")
      .field("endpoint", health_->endpoint())
      .field("device_id", device_id)
      .say("Redis {}: device {} is no longer polled here; {} is kept because another process writes it",
           health_->endpoint(), device_id, names_.metrics_key(device_id));
}

void Publisher::add_to(RedisMetrics& metrics) const {
  metrics.written += counted_.written;
  metrics.rejected += counted_.rejected;
  metrics.response_time += counted_.response_time;
  metrics.conflated += counted_.conflated;
  metrics.events_dropped += counted_.events_dropped;
  metrics.waiting += mailbox_.size() + removals_.size();
  metrics.pending += pending_.size();
}

void Publisher::publish_event(const std::string& event) {
  if (!connected_ || events_.size() >= events_max) {
    ++counted_.events_dropped;
    return;
  }
  events_.push_back(event);
  wake();
}

void Publisher::opened() {
  connected_ = true;
  ready_reported_ = false;
  pending_.clear();  // closed() did so, unless it ran out of memory
  rejected_devices_ = 0;
  health_->set_key_rejected({});
  for (auto& [device_id, device] : own_) {
    device.written = nullptr;
    device.refused = false;
  }
  // Redis may have lost any hash meanwhile.
  mailbox_.clear();
  for (const live::ReadingPtr& newest : hub_.all()) {
    if (newest->content) mailbox_.put(newest);
  }
}

void Publisher::closed() {
  connected_ = false;
  for (const PendingCommand& lost : pending_) {
    if (lost.kind == CommandKind::removal && !hub_.newest(lost.device_id)) removals_.insert(lost.device_id);
  }
  pending_.clear();
  counted_.events_dropped += events_.size();
  events_.clear();
  on_idle();
}

void Publisher::append_commands(std::string& outgoing) {
  std::size_t room = std::min(batch_max, pending_max - std::min(pending_max, pending_.size()));
  filled_at_ = std::chrono::steady_clock::now();
  for (; room > 0 && !removals_.empty(); --room) append_removal(outgoing);
  for (; room > 0 && !events_.empty(); --room) append_event(outgoing);
  for (; room > 0 && !mailbox_.empty(); --room) append_newest(outgoing);
  if (pending_.empty()) report_ready();
}

void Publisher::append_removal(std::string& outgoing) {
  const std::int64_t device_id = *removals_.begin();
  removals_.erase(removals_.begin());
  append_command(outgoing, {"DEL", names_.metrics_key(device_id)});
  pending_.push_back({.kind = CommandKind::removal,
                      .device_id = device_id,
                      .replies = 1,
                      .error = {},
                      .sent_at = filled_at_});
}

void Publisher::append_newest(std::string& outgoing) {
  const live::ReadingPtr newest = mailbox_.take();
  Device& device = own_[newest->device_id];
  // Fields from an earlier version, another profile or another process must not remain in the hash.
  const ReadingCommand how{
      .ttl = ttl_(newest->device_id),
      .clear_first = device.written != newest->content->profile || others_->writes(newest->device_id)};
  device.written = newest->content->profile;
  const std::size_t replies = append_reading(outgoing, *newest, names_, how);
  pending_.push_back({.kind = CommandKind::reading,
                      .device_id = newest->device_id,
                      .replies = replies,
                      .error = {},
                      .sent_at = filled_at_});
}

void Publisher::append_event(std::string& outgoing) {
  append_command(outgoing, {"PUBLISH", names_.events_channel, events_.front()});
  events_.pop_front();
  pending_.push_back(
      {.kind = CommandKind::event, .device_id = 0, .replies = 1, .error = {}, .sent_at = filled_at_});
}

void Publisher::append_ping(std::string& outgoing) {
  append_command(outgoing, {"PING"});
  pending_.push_back({.kind = CommandKind::ping, .device_id = 0, .replies = 1, .error = {}, .sent_at = {}});
}

RedisFailure Publisher::handle_reply(RedisReply& reply) {
  if (pending_.empty()) return {"received a reply without a pending command", true};
  PendingCommand& command = pending_.front();
  if (command.error.empty()) command.error = first_error(reply);
  if (--command.replies > 0) return {};
  // A failed command stays in the queue, so that closed() finds it.
  RedisFailure failure = finish_command(command, reply);
  if (failure) return failure;
  const bool was_full = pending_.size() >= pending_max;
  pending_.pop_front();
  if (was_full) wake();
  if (is_idle()) on_idle();
  return {};
}

RedisFailure Publisher::finish_command(const PendingCommand& done, const RedisReply& last) {
  const auto what = [&]() -> std::string {
    if (done.kind == CommandKind::ping) return "PING";
    if (done.kind == CommandKind::event) return "publishing on " + names_.events_channel;
    return "writing " + names_.metrics_key(done.device_id);
  };
  if (!done.error.empty() && action_after_error(done.error) == ErrorReplyAction::reconnect)
    return rejection(what(), done.error);
  if (done.kind != CommandKind::reading) return {};
  if (done.error.empty() && last.type != RedisReply::Type::array)
    return {what() + ": the reply to EXEC is not an array", true};
  ++(done.error.empty() ? counted_.written : counted_.rejected);
  counted_.response_time.note(std::chrono::steady_clock::now() - done.sent_at);
  set_rejected(done.device_id, done.error);
  report_ready();  // also when one key is refused: Redis itself works
  return {};
}

// Stores whether Redis refused the last reading of a device; `error` is empty when it accepted it.
void Publisher::set_rejected(std::int64_t device_id, const std::string& error) {
  const auto found = own_.find(device_id);
  if (found == own_.end()) return;  // removed while its reading was pending
  Device& device = found->second;
  if (!error.empty()) {
    device.written = nullptr;  // so that the next reading deletes the key first
    health_->set_key_rejected(rejection("writing " + names_.metrics_key(device_id), error).reason);
  }
  if (device.refused == !error.empty()) return;
  device.refused = !device.refused;
  rejected_devices_ = device.refused ? rejected_devices_ + 1 : rejected_devices_ - 1;
  if (rejected_devices_ == 0) health_->set_key_rejected({});
}

void Publisher::report_ready() {
  if (!connected_ || std::exchange(ready_reported_, true)) return;
  health_->connection_ready(RedisHealth::Role::writing);
}

}  // namespace gensetd::redis
