#include "events/recorder.hpp"

#include "log/log.hpp"
#include "registry/refusals.hpp"
#include "registry/service.hpp"

#include <utility>
#include <variant>

namespace gensetd::events {

Recorder::~Recorder() { shared_->recorder = nullptr; }

void Recorder::add(const Event& event) {
  const auto known = waiting_.find(event.id);
  if (known != waiting_.end()) {
    known->second = event;
  } else if (waiting_.size() < waiting_events_max) {
    waiting_.emplace(event.id, event);
  } else {
    ++dropped_;
    return;
  }
  if (waiting_.size() >= batch_max && shared_->batches_pending == 0) write_next();
}

void Recorder::tick() {
  if (dropped_ != dropped_logged_) {
    log::warning("events_dropped")
        .field("events", dropped_ - dropped_logged_)
        .say("events: dropped {} events (more than {} wait for the database)", dropped_ - dropped_logged_,
             waiting_events_max);
    dropped_logged_ = dropped_;
  }
  if (shared_->batches_pending == 0) write_next();
}

void Recorder::flush() {
  while (!waiting_.empty() && registry_.healthy()) write_next();
}

void Recorder::write_next() {
  if (waiting_.empty() || !registry_.healthy()) return;
  auto events = std::make_shared<std::vector<Event>>();
  while (!waiting_.empty() && events->size() < batch_max)
    events->push_back(std::move(waiting_.extract(waiting_.begin()).mapped()));
  ++shared_->batches_pending;
  const auto write = [events, running = running_](registry::Store& store) {
    write_events(store, *events, {*running, std::chrono::steady_clock::now()});
  };
  registry_.run(write, [shared = shared_, events](const registry::Result<std::monostate>& result) {
    --shared->batches_pending;
    const auto* refusal = std::get_if<registry::Refusal>(&result);
    if (refusal == nullptr) shared->written += events->size();
    if (shared->recorder == nullptr) return;
    if (refusal != nullptr) return shared->recorder->on_refused(*refusal, std::move(*events));
    shared->recorder->on_written();
    shared->recorder->write_next();
  });
}

// The registry logs when the database does not respond.
void Recorder::on_refused(const registry::Refusal& refusal, std::vector<Event> events) {
  const bool no_room = refusal.code == registry::code_when_full;
  if (no_room && !std::exchange(is_refused_, true)) {
    log::error("events_not_written")
        .field("error", refusal.message)
        .say("events: cannot write events ({}); buffering up to {} until there is room",
             registry::cause_of(refusal), waiting_events_max);
  }
  if (refusal.kind != registry::Refusal::Kind::unavailable) {
    // For example a constraint that an administrator added to the table: these events would block all later
    // ones.
    dropped_ += events.size();
    dropped_logged_ += events.size();
    log::error("events_refused")
        .field("events", events.size())
        .field("error", refusal.message)
        .say("events: dropped {} events (the database refuses one of them: {})", events.size(),
             refusal.message);
    return;
  }
  take_back(std::move(events));
}

void Recorder::on_written() {
  if (!std::exchange(is_refused_, false)) return;
  log::info("events_written").say("events: there is room on the disk again; the buffered events are written");
}

void Recorder::take_back(std::vector<Event> events) {
  for (Event& event : events) {
    if (waiting_.contains(event.id)) continue;  // with a newer state
    if (waiting_.size() >= waiting_events_max) {
      ++dropped_;
    } else {
      const std::int64_t id = event.id;
      waiting_.emplace(id, std::move(event));
    }
  }
}

}  // namespace gensetd::events
