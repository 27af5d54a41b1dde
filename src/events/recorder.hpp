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

// Brings events to the database, in batches on the thread of the registry's SQL, so that a storm costs
// polling nothing: each second, or as soon as one is full. Per event only its newest state waits. At most
// waiting_max events wait; what comes beyond is dropped, counted and said. While the database is away or has
// no room they wait, and are tried again with each tick(). One thread.
class Recorder {
 public:
  static constexpr std::size_t waiting_max = 20'000;
  static constexpr std::size_t batch_max = 1'000;  // of one transaction

  // `running` is used on the thread of the registry's SQL alone.
  Recorder(registry::Service& registry, std::shared_ptr<RunningTime> running)
      : registry_(registry), running_(std::move(running)) {}
  ~Recorder();
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  void put(const Event& event);
  void tick();   // each second
  void flush();  // everything that waits is on its way before the call returns

  // The disk is full: from the first events that it refuses until some are written. One log line at each end.
  bool is_refused() const { return is_refused_; }

  std::size_t waiting() const { return waiting_.size(); }
  std::uint64_t written() const { return shared_->written; }
  std::uint64_t dropped() const { return dropped_; }

 private:
  // What outlives the recorder until the last answer.
  struct Shared {
    Recorder* recorder = nullptr;
    std::size_t batches_under_way = 0;
    std::uint64_t written = 0;
  };

  void write_next();
  void heard(const registry::Refusal& refusal, std::vector<Event> events);
  void taken();
  void take_back(std::vector<Event> events);

  registry::Service& registry_;
  const std::shared_ptr<RunningTime> running_;
  std::map<std::int64_t, Event> waiting_;
  std::shared_ptr<Shared> shared_ = std::make_shared<Shared>(Shared{.recorder = this});
  std::uint64_t dropped_ = 0;
  std::uint64_t dropped_said_ = 0;
  bool is_refused_ = false;
};

}  // namespace gensetd::events
