#pragma once

#include "events/journal.hpp"
#include "events/recorder.hpp"
#include "events/table.hpp"
#include "live/hub.hpp"
#include "live/notification_hub.hpp"
#include "registry/service.hpp"
#include "supervision/repeater.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace gensetd::events {

struct EventOptions {
  std::chrono::milliseconds offline_delay{30'000};
  Retention retention;
  std::string version;  // of this program
};

// Counters for /metrics.
struct EventMetrics {
  std::size_t open_alarms = 0;
  std::uint64_t recorded = 0;  // new events, and changes of their state
  std::uint64_t written = 0;   // of these, written to the database
  std::size_t waiting = 0;     // for the database
  std::uint64_t dropped = 0;   // too many were waiting
};

// An open alarm as its JSON object.
struct OpenAlarm {
  AlarmPosition position;
  std::string json;
};

inline constexpr std::size_t alarms_at_once_max = 128;  // some 300 bytes each

// The event journal of the running daemon: detects events in the hub's readings, writes them to the database,
// and sends them to dashboards and Redis. Use: construct; start(); registry_changed() with each change of
// sites and devices; stop() before the poller publishes the last reading of each device. Used on the
// context's thread only.
class EventService final : public live::ReadingListener {
 public:
  EventService(boost::asio::io_context& context, live::Hub& hub, live::NotificationHub& notices,
               registry::Service& registry, EventOptions options);
  ~EventService() { *self_ = nullptr; }
  EventService(const EventService&) = delete;
  EventService& operator=(const EventService&) = delete;

  void start();
  void registry_changed(const std::vector<std::int64_t>& device_ids);
  void stop();

  // The JSON of each event that is new or has changed; may be empty.
  std::function<void(const std::string& json)> publish;

  // The next open alarms after a position, or the first ones, at most alarms_at_once_max: by priority, then
  // onset.
  std::vector<OpenAlarm> open_alarms(const std::optional<AlarmPosition>& after) const;
  std::uint64_t alarms_of_last(int minutes) const;

  using Events = registry::Result<std::vector<Event>>;
  void list(const EventQuery& query, std::function<void(Events)> handler);

  using Acknowledged = std::variant<Event, AcknowledgeError>;
  // Succeeds once the database contains the acknowledgement. As with list(), the handler is never called from
  // within this call.
  void acknowledge(std::int64_t id, std::string by, std::function<void(Acknowledged)> handler);

  EventMetrics metrics() const;
  bool is_refused() const { return recorder_.is_refused(); }  // the disk of the database is full

 private:
  void changed(const live::ReadingPtr& newest) override;
  void removed(std::int64_t) override {}  // registry_changed() reports it too

  void begin(EarlierRun earlier);
  void confirm_acknowledged(std::int64_t id, std::function<void(Acknowledged)> handler);
  void tick();
  void note_clock_step(ClockPair at);
  void prune();
  void store_running_time();
  void distribute_changes();
  void take_ids();

  const boost::asio::any_io_executor executor_;
  supervision::Repeater ticks_;
  live::Hub& hub_;
  live::NotificationHub& notices_;
  registry::Service& registry_;
  const EventOptions options_;
  const std::shared_ptr<RunningTime> running_ =
      std::make_shared<RunningTime>();  // used on the registry's SQL thread
  Journal journal_;
  Recorder recorder_;
  live::Hub::Subscription subscription_;
  // Null once this is destroyed: results of the database that arrive later are ignored.
  std::shared_ptr<EventService*> self_ = std::make_shared<EventService*>(this);
  ClockPair last_tick_ = ClockPair::now();
  std::chrono::steady_clock::time_point prune_at_;
  std::chrono::steady_clock::time_point store_running_time_at_;
  std::uint64_t written_at_prune_ = 0;
  std::uint64_t recorded_ = 0;
  bool has_begun_ = false;
  std::size_t id_blocks_pending_ = 0;
  bool is_stopped_ = false;
};

}  // namespace gensetd::events
