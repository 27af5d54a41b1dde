#pragma once

#include "events/event_service.hpp"
#include "live/mailbox.hpp"
#include "live/notification_hub.hpp"
#include "stream/client_message.hpp"
#include "stream/device_walk.hpp"
#include "stream/message_source.hpp"
#include "stream/overview.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace gensetd::stream {

// Shared by all dashboards; outlives them.
struct DashboardContext {
  live::Hub& hub;
  live::NotificationHub& notices;
  std::function<bool(std::int64_t device_id)> is_known;  // registered, or read by another process
  // Some open alarms after a place, or the first ones; empty when there are no more.
  std::function<std::vector<events::OpenAlarm>(const std::optional<events::AlarmPosition>& position)>
      alarms_after;
  std::string epoch;  // of this run of the daemon
  std::string ui_version;
  double poll_interval = 0;  // seconds
  OverviewCache overviews = {};
};

// Protocol 2, `?proto=2`: a snapshot, then batches of readings, removals, events, registry changes, and a
// heartbeat when nothing else was sent. Memory is bounded: pending are only the newest reading of each device
// and the newest state of each event. When those are too many, a new snapshot replaces all of them.
//
// A snapshot is sent in pieces. Each is made of the newest readings when the client takes it. If a device
// changes that is part of an earlier piece, the change is sent after the snapshot. A change of any other
// device is part of a later piece.
class DashboardStream final : public MessageSource,
                              public live::ReadingListener,
                              public live::NotificationListener {
 public:
  static constexpr std::size_t events_pending_max = 256;
  static constexpr std::size_t removed_pending_max = 10'000;
  static constexpr std::size_t errors_pending_max = 8;  // beyond it: close 1008
  static constexpr std::chrono::seconds heartbeat_after{5};
  static constexpr std::chrono::seconds snapshot_pause{1};  // between two that the client did not request
  // The rate limit of snapshots that the client requests: each costs a fixed time plus a time for its length.
  // A client saves up to this much time; it waits when the time is used up.
  static constexpr std::chrono::seconds request_credit_max{10};
  static constexpr std::chrono::milliseconds request_cost{100};
  static constexpr std::size_t requested_bytes_per_second = 4'000'000;

  DashboardStream(std::shared_ptr<DashboardContext> context, Selection devices);
  DashboardStream(const DashboardStream&) = delete;
  DashboardStream& operator=(const DashboardStream&) = delete;
  ~DashboardStream() override { end(); }

  void begin() override;
  void end() override;
  NextMessage next(ClockPair now) override;
  void received(std::string_view text) override;
  void received_binary() override;
  void flush() override { flushing_ = true; }

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;

  void changed(const live::ReadingPtr& newest) override;
  void removed(std::int64_t device_id) override;
  void event_changed(const live::EventNotification& notice) override;
  void registry_changed(std::uint64_t revision) override;

  // The progress of a snapshot.
  struct Snapshot {
    Snapshot() {}  // clang treats the implicit one as deleted inside the class, as members have initializers
    SteadyTime began_at{};
    DeviceWalk devices;
    bool devices_done = false;
    bool needs_comma = false;  // before the next entry of the list
    bool was_requested = false;
    std::size_t bytes = 0;
    std::optional<events::AlarmPosition> last_alarm;
  };

  void subscribe(DashboardSubscription requested);
  void watch_devices();
  void refuse(BadMessage bad);
  void request_snapshot();
  void discard_pending();

  std::optional<OutgoingMessage> response();                              // to a message from the client
  std::optional<OutgoingMessage> due(ClockPair now);                      // the message to send now
  OutgoingMessage message_of_type(std::string_view type, ClockPair now);  // with epoch, seq and server_time
  void start_snapshot(OutgoingMessage& piece, ClockPair now);
  OutgoingMessage snapshot_piece(ClockPair now);
  void append_devices(std::string& text, ClockPair now);
  bool append_alarms(std::string& text);  // true: that were the last ones
  OutgoingMessage removal(ClockPair now);
  OutgoingMessage event(ClockPair now);
  OutgoingMessage batch(ClockPair now);
  void append_entry(std::string& out, const live::ReadingPtr& reading, ClockPair now) const;
  SteadyTime next_due() const;
  SteadyTime snapshot_due() const;  // when the next snapshot may begin
  void charge(const Snapshot& requested, SteadyTime now);
  bool is_in_coming_snapshot(std::int64_t device_id) const;

  std::shared_ptr<DashboardContext> context_;
  DashboardSubscription subscription_;
  std::optional<DashboardSubscription> next_subscription_;  // from the next snapshot on
  live::Hub::Subscription hub_subscription_;
  live::NotificationHub::Subscription notices_subscription_;

  live::Mailbox mailbox_;
  std::set<std::int64_t> removed_;
  std::deque<live::EventNotification> events_;  // in the order in which they began; each id once
  std::deque<BadMessage> errors_;
  std::optional<CloseFrame> close_;
  std::uint64_t seq_ = 0;
  SteadyTime last_sent_{};
  std::optional<Snapshot> snapshot_;  // being sent
  SteadyTime last_snapshot_{};
  SteadyTime requested_from_{};  // the next requested snapshot may begin then
  SteadyTime batch_from_{};      // the next batch may be sent then
  bool begun_ = false;
  bool snapshot_requested_ = true;
  bool overflowed_ = false;  // a snapshot must replace discarded messages
  bool registry_changed_ = false;
  bool pong_due_ = false;
  bool flushing_ = false;
};

}  // namespace gensetd::stream
