#include "redis/publisher.hpp"

#include "log/log.hpp"

#include <algorithm>
#include <utility>

namespace gensetd::redis {

Publisher::Publisher(live::Hub& hub, std::shared_ptr<Health> health,
                     std::shared_ptr<const OtherWriters> others, Names names, Ttl ttl)
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

bool Publisher::quiet() const {
  return !connected_ ||
         (mailbox_.empty() && removals_.empty() && announcements_.empty() && unanswered_.empty());
}

void Publisher::changed(const live::ReadingPtr& newest) {
  removals_.erase(newest->device_id);  // its first write clears the key; or it is another process' key now
  if (!newest->facts) return;
  own_.try_emplace(newest->device_id);
  if (mailbox_.put(newest)) ++counted_.conflated;
  wake();
}

void Publisher::removed(std::int64_t device_id) {
  const auto found = own_.find(device_id);
  if (found == own_.end()) return;  // another process' device: its key is not ours to delete
  set_refused(device_id, {});
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
      .say("Redis {}: device {} is not polled here any more; {} stays, as another process writes it",
           health_->endpoint(), device_id, names_.metrics_key(device_id));
}

void Publisher::add_to(Figures& figures) const {
  figures.written += counted_.written;
  figures.refused += counted_.refused;
  figures.answer_time += counted_.answer_time;
  figures.conflated += counted_.conflated;
  figures.announcements_dropped += counted_.announcements_dropped;
  figures.waiting += mailbox_.size() + removals_.size();
  figures.unanswered += unanswered_.size();
}

void Publisher::announce(const std::string& event) {
  if (!connected_ || announcements_.size() >= announcements_max) {
    ++counted_.announcements_dropped;
    return;
  }
  announcements_.push_back(event);
  wake();
}

void Publisher::opened() {
  connected_ = true;
  settled_ = false;
  unanswered_.clear();  // closed() has done so, unless memory was short
  refused_devices_ = 0;
  health_->set_key_refused({});
  for (auto& [device_id, device] : own_) {
    device.written = nullptr;
    device.refused = false;
  }
  // Redis may have lost anything meanwhile.
  mailbox_.clear();
  for (const live::ReadingPtr& newest : hub_.all()) {
    if (newest->facts) mailbox_.put(newest);
  }
}

void Publisher::closed() {
  connected_ = false;
  for (const Unanswered& lost : unanswered_) {
    if (lost.kind == Kind::removal && !hub_.newest(lost.device_id)) removals_.insert(lost.device_id);
  }
  unanswered_.clear();
  counted_.announcements_dropped += announcements_.size();
  announcements_.clear();
  when_quiet();
}

void Publisher::fill(std::string& outgoing) {
  std::size_t room = std::min(batch_max, unanswered_max - std::min(unanswered_max, unanswered_.size()));
  filled_at_ = std::chrono::steady_clock::now();
  for (; room > 0 && !removals_.empty(); --room) append_removal(outgoing);
  for (; room > 0 && !announcements_.empty(); --room) append_announcement(outgoing);
  for (; room > 0 && !mailbox_.empty(); --room) append_newest(outgoing);
  if (unanswered_.empty()) settle();
}

void Publisher::append_removal(std::string& outgoing) {
  const std::int64_t device_id = *removals_.begin();
  removals_.erase(removals_.begin());
  append_command(outgoing, {"DEL", names_.metrics_key(device_id)});
  unanswered_.push_back(
      {.kind = Kind::removal, .device_id = device_id, .replies = 1, .error = {}, .sent_at = filled_at_});
}

void Publisher::append_newest(std::string& outgoing) {
  const live::ReadingPtr newest = mailbox_.take();
  Device& device = own_[newest->device_id];
  // Fields that an earlier program, another profile or another process has left must not stand beside the new
  // ones.
  const ReadingCommand how{
      .ttl = ttl_(newest->device_id),
      .clear_first = device.written != newest->facts->profile || others_->writes(newest->device_id)};
  device.written = newest->facts->profile;
  const std::size_t replies = append_reading(outgoing, *newest, names_, how);
  unanswered_.push_back({.kind = Kind::reading,
                         .device_id = newest->device_id,
                         .replies = replies,
                         .error = {},
                         .sent_at = filled_at_});
}

void Publisher::append_announcement(std::string& outgoing) {
  append_command(outgoing, {"PUBLISH", names_.events_channel, announcements_.front()});
  announcements_.pop_front();
  unanswered_.push_back(
      {.kind = Kind::announcement, .device_id = 0, .replies = 1, .error = {}, .sent_at = filled_at_});
}

void Publisher::ping(std::string& outgoing) {
  append_command(outgoing, {"PING"});
  unanswered_.push_back({.kind = Kind::ping, .device_id = 0, .replies = 1, .error = {}, .sent_at = {}});
}

Failure Publisher::take(Reply& reply) {
  if (unanswered_.empty()) return {"an answer came that nobody asked for", true};
  Unanswered& asked = unanswered_.front();
  if (asked.error.empty()) asked.error = first_error(reply);
  if (--asked.replies > 0) return {};
  // One that failed stays, so that closed() sees it.
  Failure failure = finish(asked, reply);
  if (failure) return failure;
  const bool was_full = unanswered_.size() >= unanswered_max;
  unanswered_.pop_front();
  if (was_full) wake();
  if (quiet()) when_quiet();
  return {};
}

Failure Publisher::finish(const Unanswered& done, const Reply& last) {
  const auto what = [&]() -> std::string {
    if (done.kind == Kind::ping) return "PING";
    if (done.kind == Kind::announcement) return "publishing on " + names_.events_channel;
    return "writing " + names_.metrics_key(done.device_id);
  };
  if (!done.error.empty() && next_step(done.error) == NextStep::reconnect) return refusal(what(), done.error);
  if (done.kind != Kind::reading) return {};
  if (done.error.empty() && last.type != Reply::Type::array)
    return {what() + ": EXEC answered no array", true};
  ++(done.error.empty() ? counted_.written : counted_.refused);
  counted_.answer_time.note(std::chrono::steady_clock::now() - done.sent_at);
  set_refused(done.device_id, done.error);
  settle();  // also when one key is refused: Redis itself works
  return {};
}

// Notes whether Redis took the last reading of a device; an empty `error`: it did.
void Publisher::set_refused(std::int64_t device_id, const std::string& error) {
  const auto found = own_.find(device_id);
  if (found == own_.end()) return;  // removed while its reading was under way
  Device& device = found->second;
  if (!error.empty()) {
    device.written = nullptr;  // so that the next reading deletes what stands there
    health_->set_key_refused(refusal("writing " + names_.metrics_key(device_id), error).why);
  }
  if (device.refused == !error.empty()) return;
  device.refused = !device.refused;
  refused_devices_ = device.refused ? refused_devices_ + 1 : refused_devices_ - 1;
  if (refused_devices_ == 0) health_->set_key_refused({});
}

void Publisher::settle() {
  if (!connected_ || std::exchange(settled_, true)) return;
  health_->returned(Health::Part::writing);
}

}  // namespace gensetd::redis
