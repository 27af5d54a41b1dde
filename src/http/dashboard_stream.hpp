#pragma once

#include "http/client_message.hpp"
#include "http/message_source.hpp"
#include "http/overview.hpp"
#include "live/mailbox.hpp"
#include "live/notices.hpp"

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

namespace gensetd::http {

// What all dashboards share; outlives them.
struct DashboardSource {
  live::Hub& hub;
  live::Notices& notices;
  std::function<bool(std::int64_t device_id)> is_known;  // registered, or read by another process
  std::function<std::string()> active_alarms;            // a JSON array
  std::string epoch;                                     // of this run of the program
  std::string ui_version;
  double poll_interval = 0;  // seconds
  Overviews overviews = {};
};

// Protocol 2, `?proto=2`: snapshot, then batches, removals, events, changes of the registry, and a heartbeat
// when there is nothing else. Nothing queues: per device the newest reading waits, per event its newest
// state, and where even those become too many a new snapshot takes the place of all that waited.
class DashboardStream final : public MessageSource, public live::Listener, public live::NoticeListener {
 public:
  static constexpr std::size_t batch_bytes_max = 262'144;
  static constexpr std::size_t events_waiting_max = 256;
  static constexpr std::size_t removed_waiting_max = 10'000;
  static constexpr std::size_t errors_waiting_max = 8;  // more are a client out of order: close 1008
  static constexpr std::chrono::seconds heartbeat_after{5};
  static constexpr std::chrono::seconds snapshot_pause{1};  // between two that nobody asked for

  DashboardStream(std::shared_ptr<DashboardSource> source, Selection devices);
  DashboardStream(const DashboardStream&) = delete;
  DashboardStream& operator=(const DashboardStream&) = delete;
  ~DashboardStream() override { end(); }

  void begin() override;
  void end() override;
  NextMessage next(Moment now) override;
  void received(std::string_view text) override;
  void received_binary() override;
  void hurry() override { hurried_ = true; }

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;

  void changed(const live::ReadingPtr& newest) override;
  void removed(std::int64_t device_id) override;
  void event_changed(const live::EventNotice& notice) override;
  void registry_changed(std::uint64_t revision) override;

  void subscribe(Subscription wanted);
  void watch_devices();
  void refuse(BadMessage bad);
  void ask_for_snapshot();
  void drop_what_waits();

  std::optional<OutgoingMessage> answer();                   // to what the client said
  std::optional<OutgoingMessage> due(Moment now);            // what is to be told now
  OutgoingMessage begun(std::string_view type, Moment now);  // with epoch, seq and server_time
  OutgoingMessage snapshot(Moment now);
  OutgoingMessage removal(Moment now);
  OutgoingMessage event(Moment now);
  OutgoingMessage batch(Moment now);
  void append_entry(std::string& out, const live::ReadingPtr& reading, Moment now) const;
  SteadyTime due_next() const;
  bool needs_snapshot(Moment now) const;

  std::shared_ptr<DashboardSource> source_;
  Subscription subscription_;
  live::Hub::Subscription hub_subscription_;
  live::Notices::Subscription notices_subscription_;

  live::Mailbox mailbox_;
  std::set<std::int64_t> removed_;
  std::deque<live::EventNotice> events_;  // in the order in which they began; none has the id of another
  std::deque<BadMessage> errors_;
  std::optional<Ending> ending_;
  std::uint64_t seq_ = 0;
  SteadyTime last_sent_{};
  SteadyTime last_snapshot_{};
  SteadyTime batch_from_{};  // the next one may go then
  bool begun_ = false;
  bool snapshot_asked_ = true;
  bool overflowed_ = false;  // a snapshot is to replace what was dropped
  bool registry_changed_ = false;
  bool pong_due_ = false;
  bool hurried_ = false;
};

}  // namespace gensetd::http
