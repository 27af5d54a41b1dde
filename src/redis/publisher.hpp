#pragma once

#include "live/hub.hpp"
#include "live/mailbox.hpp"
#include "redis/commands.hpp"
#include "redis/dialogue.hpp"
#include "redis/health.hpp"
#include "redis/metrics.hpp"
#include "redis/other_writers.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>

namespace gensetd::redis {

// Writes this daemon's own readings: listens to the hub and composes the commands. Several transactions can
// be pending at once; replies arrive in the order of the commands. While there is no connection, it holds the
// newest reading of each device and the ids of removed devices; a new connection begins with every reading of
// the hub. The key of a removed device is deleted, unless another process writes it too. While another
// process writes a hash, each write replaces the whole hash, so that it always is one reading of one process.
class Publisher : public Dialogue, public live::ReadingListener {
 public:
  static constexpr std::size_t batch_max = 64;     // transactions in one write
  static constexpr std::size_t pending_max = 256;  // transactions that wait for replies
  static constexpr std::size_t events_max = 1'000;
  using Ttl = std::function<std::chrono::seconds(std::int64_t device_id)>;

  Publisher(live::Hub& hub, std::shared_ptr<RedisHealth> health, std::shared_ptr<const OtherWriters> others,
            KeyNames names, Ttl ttl);

  void start();   // subscribes to the hub
  void detach();  // the hub is not used any more

  // Nothing is queued and no reply is pending, or there is no connection.
  bool is_idle() const;
  std::function<void()> on_idle = [] {};  // called whenever quiet() may have become true

  // Publishes an event's JSON on `events:new`. The event is dropped while there is no connection, and when
  // events_max are queued; the journal still has it.
  void publish_event(const std::string& event);

  void add_to(RedisMetrics& metrics) const;

  void changed(const live::ReadingPtr& newest) override;
  void removed(std::int64_t device_id) override;

  void opened() override;
  void closed() override;
  void append_commands(std::string& outgoing) override;
  void append_ping(std::string& outgoing) override;
  bool awaits_reply() const override { return !pending_.empty(); }
  RedisFailure handle_reply(RedisReply& reply) override;

 private:
  struct Device {
    profile::ProfilePtr
        written;           // profile of the hash's fields, as written on this connection; null: unknown
    bool refused = false;  // Redis refused its last reading
  };
  enum class CommandKind { ping, removal, reading, event };
  struct PendingCommand {
    CommandKind kind;
    std::int64_t device_id;
    std::size_t replies;
    std::string error;  // first error reply
    std::chrono::steady_clock::time_point sent_at;
  };

  void log_key_left(std::int64_t device_id) const;
  void append_removal(std::string& outgoing);
  void append_newest(std::string& outgoing);
  void append_event(std::string& outgoing);
  RedisFailure finish_command(const PendingCommand& done, const RedisReply& last);
  void set_rejected(std::int64_t device_id, const std::string& error);
  void report_ready();

  live::Hub& hub_;
  live::Hub::Subscription subscription_;
  const std::shared_ptr<RedisHealth> health_;
  const std::shared_ptr<const OtherWriters> others_;
  const KeyNames names_;
  const Ttl ttl_;
  live::Mailbox mailbox_;
  std::set<std::int64_t> removals_;  // keys to delete; none of these devices has a reading in the mailbox
  std::deque<std::string> events_;
  std::deque<PendingCommand> pending_;
  std::chrono::steady_clock::time_point filled_at_;
  RedisMetrics counted_;                          // the counters of this class
  std::unordered_map<std::int64_t, Device> own_;  // devices of which this daemon has readings
  std::size_t rejected_devices_ = 0;
  bool connected_ = false;
  bool ready_reported_ =
      false;  // Redis completed a transaction on this connection, or there was none to write
};

}  // namespace gensetd::redis
