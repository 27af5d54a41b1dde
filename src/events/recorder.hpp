#pragma once

#include "events/event.hpp"
#include "events/table.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <utility>
#include <vector>

namespace gensetd::registry {
class Service;
struct Refusal;
}  // namespace gensetd::registry

namespace gensetd::events {

// Writes events to the database, in batches on the thread of the registry's SQL, so that an alarm flood does
// not delay polling: each second, or as soon as a batch is full. Only the newest state of an event waits. At
// most waiting_events_max events wait; further ones are dropped, counted and logged. While the database is
// unreachable or full, events wait, and each tick() tries again. One thread.
class Recorder {
 public:
  static constexpr std::size_t waiting_events_max = 20'000;
  static constexpr std::size_t batch_max = 1'000;  // per transaction

  // `running` is used on the thread of the registry's SQL only.
  Recorder(registry::Service& registry, std::shared_ptr<RunningTime> running)
      : registry_(registry), running_(std::move(running)) {}
  ~Recorder();
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  void add(const Event& event);
  void tick();   // each second
  void flush();  // submits everything that waits before the call returns

  // The disk is full: from the first refused events until some are written. One log line at each change.
  bool is_refused() const { return is_refused_; }

  std::size_t waiting() const { return waiting_.size(); }
  std::uint64_t written() const { return shared_->written; }
  std::uint64_t dropped() const { return dropped_; }

 private:
  // Outlives the recorder until the last result has arrived.
  struct Shared {
    Recorder* recorder = nullptr;
    std::size_t batches_pending = 0;
    std::uint64_t written = 0;
  };

  void write_next();
  void on_refused(const registry::Refusal& refusal, std::vector<Event> events);
  void on_written();
  void take_back(std::vector<Event> events);

  registry::Service& registry_;
  const std::shared_ptr<RunningTime> running_;
  std::map<std::int64_t, Event> waiting_;
  std::shared_ptr<Shared> shared_ = std::make_shared<Shared>(Shared{.recorder = this});
  std::uint64_t dropped_ = 0;
  std::uint64_t dropped_logged_ = 0;
  bool is_refused_ = false;
};

}  // namespace gensetd::events
