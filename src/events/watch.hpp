#pragma once

#include "events/journal.hpp"
#include "events/recorder.hpp"
#include "events/table.hpp"
#include "live/hub.hpp"
#include "live/notices.hpp"
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

struct Options {
  std::chrono::milliseconds offline_delay{30'000};
  Keep keep;
  std::string version;  // of this program
};

// What can be counted of it.
struct Figures {
  std::size_t open_alarms = 0;
  std::uint64_t recorded = 0;  // new events, and changes of their state
  std::uint64_t written = 0;   // of these, brought to the database
  std::size_t waiting = 0;     // for the database
  std::uint64_t dropped = 0;   // not kept, as too many waited
};

// An open alarm as its JSON object.
struct OpenAlarm {
  AlarmPlace place;
  std::string json;
};

inline constexpr std::size_t alarms_at_once_max = 128;  // some 300 bytes each

// The journal of the running daemon: hears the hub, keeps the database, tells dashboards and Redis.
// Use: construct, start(), registry_changed() with each change of sites and devices, stop() before the poller
// says goodbye for every device. One thread: the context's.
class Watch final : public live::Listener {
 public:
  Watch(boost::asio::io_context& context, live::Hub& hub, live::Notices& notices, registry::Service& registry,
        Options options);
  ~Watch() { *self_ = nullptr; }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  void start();
  void registry_changed(const std::vector<std::int64_t>& device_ids);
  void stop();

  // The JSON of each event that is new or has changed; may be empty.
  std::function<void(const std::string& json)> publish;

  // The next open alarms behind a place, or the first ones, at most alarms_at_once_max: by priority, then
  // onset.
  std::vector<OpenAlarm> open_alarms(const std::optional<AlarmPlace>& behind) const;
  std::uint64_t alarms_of_last(int minutes) const;

  using Events = registry::Result<std::vector<Event>>;
  void list(const Query& query, std::function<void(Events)> handler);

  // not_open: it has ended, or is no alarm. not_kept: it is acknowledged, but the database has not taken that
  // yet.
  enum class Refused : std::uint8_t { unknown, not_open, acknowledged_already, unavailable, not_kept };
  using Acknowledged = std::variant<Event, Refused>;
  // Answered with an event when the database holds it. As with list(), the handler is never called inside the
  // request.
  void acknowledge(std::int64_t id, std::string by, std::function<void(Acknowledged)> handler);

  Figures figures() const;
  bool is_refused() const { return recorder_.is_refused(); }  // the disk of the database is full

 private:
  void changed(const live::ReadingPtr& newest) override;
  void removed(std::int64_t) override {}  // the roster says so too

  void begin(Past past);
  void answer_as_kept(std::int64_t id, std::function<void(Acknowledged)> handler);
  void tick();
  void note_clock_step(Moment at);
  void prune();
  void store_running_time();
  void pass_on();
  void take_ids();

  const boost::asio::any_io_executor executor_;
  supervision::Repeater ticks_;
  live::Hub& hub_;
  live::Notices& notices_;
  registry::Service& registry_;
  const Options options_;
  const std::shared_ptr<RunningTime> running_ =
      std::make_shared<RunningTime>();  // of the registry's SQL thread
  Journal journal_;
  Recorder recorder_;
  live::Hub::Subscription subscription_;
  // Answers of the database that come when this has gone find it null.
  std::shared_ptr<Watch*> self_ = std::make_shared<Watch*>(this);
  Moment last_tick_ = Moment::now();
  std::chrono::steady_clock::time_point prune_at_;
  std::chrono::steady_clock::time_point store_running_time_at_;
  std::uint64_t written_at_prune_ = 0;
  std::uint64_t recorded_ = 0;
  bool has_begun_ = false;
  std::size_t id_blocks_on_the_way_ = 0;
  bool is_over_ = false;
};

}  // namespace gensetd::events
