#pragma once

#include "events/watch.hpp"
#include "http/client_message.hpp"
#include "http/device_walk.hpp"
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
#include <vector>

namespace gensetd::http {

// What all dashboards share; outlives them.
struct DashboardSource {
  live::Hub& hub;
  live::Notices& notices;
  std::function<bool(std::int64_t device_id)> is_known;  // registered, or read by another process
  // The next open alarms behind a place, or the first ones; none when there are no more.
  std::function<std::vector<events::OpenAlarm>(const std::optional<events::AlarmPlace>& place)> alarms_behind;
  std::string epoch;  // of this run of the program
  std::string ui_version;
  double poll_interval = 0;  // seconds
  Overviews overviews = {};
};

// Protocol 2, `?proto=2`: snapshot, then batches, removals, events, changes of the registry, and a heartbeat
// when there is nothing else. Nothing queues: per device the newest reading waits, per event its newest
// state, and where even those become too many a new snapshot takes the place of all that waited.
//
// A snapshot is told in pieces, each made of what is newest when the client takes it. A change of a device
// that the snapshot has told already waits until it is complete; of any other device the snapshot itself
// tells it.
class DashboardStream final : public MessageSource, public live::Listener, public live::NoticeListener {
 public:
  static constexpr std::size_t events_waiting_max = 256;
  static constexpr std::size_t removed_waiting_max = 10'000;
  static constexpr std::size_t errors_waiting_max = 8;  // more are a client out of order: close 1008
  static constexpr std::chrono::seconds heartbeat_after{5};
  static constexpr std::chrono::seconds snapshot_pause{1};  // between two that nobody asked for
  // What a snapshot that a client asks for costs of its time: it may have saved so much, and waits for the
  // rest.
  static constexpr std::chrono::seconds asking_time_saved_max{10};
  static constexpr std::chrono::milliseconds asking_costs{100};
  static constexpr std::size_t asked_bytes_per_second = 4'000'000;

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

  // How far a snapshot has been told.
  struct Snapshot {
    Snapshot() {}  // clang takes the implicit one for deleted inside the class, as members have initializers
    SteadyTime began_at{};
    DeviceWalk devices;
    bool devices_told = false;
    bool needs_comma = false;  // before the next entry of the list
    bool was_asked_for = false;
    std::size_t bytes = 0;
    std::optional<events::AlarmPlace> last_alarm;
  };

  void subscribe(Subscription wanted);
  void watch_devices();
  void refuse(BadMessage bad);
  void ask_for_snapshot();
  void drop_what_waits();

  std::optional<OutgoingMessage> answer();                   // to what the client said
  std::optional<OutgoingMessage> due(Moment now);            // what is to be told now
  OutgoingMessage begun(std::string_view type, Moment now);  // with epoch, seq and server_time
  void begin_snapshot(OutgoingMessage& piece, Moment now);
  OutgoingMessage snapshot_piece(Moment now);
  void append_devices(std::string& text, Moment now);
  bool append_alarms(std::string& text);  // whether all are told
  OutgoingMessage removal(Moment now);
  OutgoingMessage event(Moment now);
  OutgoingMessage batch(Moment now);
  void append_entry(std::string& out, const live::ReadingPtr& reading, Moment now) const;
  SteadyTime due_next() const;
  SteadyTime snapshot_due() const;  // when the next one is to begin
  void charge(const Snapshot& asked, SteadyTime now);
  bool is_told_by_snapshot(std::int64_t device_id) const;

  std::shared_ptr<DashboardSource> source_;
  Subscription subscription_;
  std::optional<Subscription> wanted_;  // from the next snapshot on
  live::Hub::Subscription hub_subscription_;
  live::Notices::Subscription notices_subscription_;

  live::Mailbox mailbox_;
  std::set<std::int64_t> removed_;
  std::deque<live::EventNotice> events_;  // in the order in which they began; none has the id of another
  std::deque<BadMessage> errors_;
  std::optional<Ending> ending_;
  std::uint64_t seq_ = 0;
  SteadyTime last_sent_{};
  std::optional<Snapshot> snapshot_;  // under way
  SteadyTime last_snapshot_{};
  SteadyTime asked_from_{};  // the next one that is asked for may begin then
  SteadyTime batch_from_{};  // the next one may go then
  bool begun_ = false;
  bool snapshot_asked_ = true;
  bool overflowed_ = false;  // a snapshot is to replace what was dropped
  bool registry_changed_ = false;
  bool pong_due_ = false;
  bool hurried_ = false;
};

}  // namespace gensetd::http
