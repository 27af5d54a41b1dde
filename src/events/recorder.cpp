#include "events/recorder.hpp"

#include "log/log.hpp"
#include "registry/refusals.hpp"
#include "registry/service.hpp"

#include <utility>
#include <variant>

namespace gensetd::events {

Recorder::~Recorder() { shared_->recorder = nullptr; }

void Recorder::put(const Event& event) {
  const auto known = waiting_.find(event.id);
  if (known != waiting_.end()) {
    known->second = event;
  } else if (waiting_.size() < waiting_max) {
    waiting_.emplace(event.id, event);
  } else {
    ++dropped_;
    return;
  }
  if (waiting_.size() >= batch_max && shared_->batches_under_way == 0) write_next();
}

void Recorder::tick() {
  if (dropped_ != dropped_said_) {
    log::warning("events_dropped")
        .field("events", dropped_ - dropped_said_)
        .say("events: {} events were not kept, as more than {} wait for the database",
             dropped_ - dropped_said_, waiting_max);
    dropped_said_ = dropped_;
  }
  if (shared_->batches_under_way == 0) write_next();
}

void Recorder::flush() {
  while (!waiting_.empty() && registry_.healthy()) write_next();
}

void Recorder::write_next() {
  if (waiting_.empty() || !registry_.healthy()) return;
  auto events = std::make_shared<std::vector<Event>>();
  while (!waiting_.empty() && events->size() < batch_max)
    events->push_back(std::move(waiting_.extract(waiting_.begin()).mapped()));
  ++shared_->batches_under_way;
  const auto write = [events, running = running_](registry::Store& store) {
    write_events(store, *events, {*running, std::chrono::steady_clock::now()});
  };
  registry_.run(write, [shared = shared_, events](const registry::Result<std::monostate>& result) {
    --shared->batches_under_way;
    const auto* refusal = std::get_if<registry::Refusal>(&result);
    if (refusal == nullptr) shared->written += events->size();
    if (shared->recorder == nullptr) return;
    if (refusal != nullptr) return shared->recorder->heard(*refusal, std::move(*events));
    shared->recorder->taken();
    shared->recorder->write_next();
  });
}

// That the database does not answer, the registry says.
void Recorder::heard(const registry::Refusal& refusal, std::vector<Event> events) {
  const bool no_room = refusal.code == registry::code_when_full;
  if (no_room && !std::exchange(is_refused_, true)) {
    log::error("events_not_written")
        .field("error", refusal.message)
        .say("events: cannot be written ({}); up to {} wait in memory until there is room",
             registry::cause_of(refusal), waiting_max);
  }
  if (refusal.kind != registry::Refusal::Kind::unavailable) {
    // Some rule that an administrator gave the table: these would stand in the way of all that come later.
    dropped_ += events.size();
    dropped_said_ += events.size();
    log::error("events_refused")
        .field("events", events.size())
        .field("error", refusal.message)
        .say("events: {} events were not kept, as the database refuses one of them: {}", events.size(),
             refusal.message);
    return;
  }
  take_back(std::move(events));
}

void Recorder::taken() {
  if (!std::exchange(is_refused_, false)) return;
  log::info("events_written")
      .say("events: there is room on the disk again, the events that waited are written");
}

void Recorder::take_back(std::vector<Event> events) {
  for (Event& event : events) {
    if (waiting_.contains(event.id)) continue;  // newer
    if (waiting_.size() >= waiting_max) {
      ++dropped_;
    } else {
      const std::int64_t id = event.id;
      waiting_.emplace(id, std::move(event));
    }
  }
}

}  // namespace gensetd::events
