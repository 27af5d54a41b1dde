#pragma once

#include "live/hub.hpp"
#include "live/mailbox.hpp"
#include "redis/commands.hpp"
#include "redis/dialogue.hpp"
#include "redis/figures.hpp"
#include "redis/health.hpp"
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

// Writes this daemon's own readings: hears the hub, and says what to send. Several transactions are under way
// at once; replies come in the order of the requests. While there is no connection it holds per device the
// newest reading, and which devices were removed; a new connection begins with every reading of the hub.
// The key of a removed device is deleted, unless another process writes it now. While one does, each write
// replaces the whole hash: it is always one reading of one process.
class Publisher : public Dialogue, public live::Listener {
 public:
  static constexpr std::size_t batch_max = 64;        // transactions in one write
  static constexpr std::size_t unanswered_max = 256;  // transactions under way
  static constexpr std::size_t announcements_max = 1'000;
  using Ttl = std::function<std::chrono::seconds(std::int64_t device_id)>;

  Publisher(live::Hub& hub, std::shared_ptr<Health> health, std::shared_ptr<const OtherWriters> others,
            Names names, Ttl ttl);

  void start();   // listens to the hub
  void detach();  // the hub is not touched any more

  // Nothing waits to be written or answered, or there is no connection to write to.
  bool quiet() const;
  std::function<void()> when_quiet = [] {};  // called whenever quiet() may have become true

  // Publishes an event's JSON on `events:new`. While Redis is away, and beyond announcements_max that wait,
  // it is dropped: the journal has it.
  void announce(const std::string& event);

  void add_to(Figures& figures) const;

  void changed(const live::ReadingPtr& newest) override;
  void removed(std::int64_t device_id) override;

  void opened() override;
  void closed() override;
  void fill(std::string& outgoing) override;
  void ping(std::string& outgoing) override;
  bool awaits_reply() const override { return !unanswered_.empty(); }
  Failure take(Reply& reply) override;

 private:
  struct Device {
    profile::ProfilePtr written;  // whose fields the hash has on this connection; null: unknown
    bool refused = false;         // Redis did not take its last reading
  };
  enum class Kind { ping, removal, reading, announcement };
  struct Unanswered {
    Kind kind;
    std::int64_t device_id;
    std::size_t replies;
    std::string error;  // the first one
    std::chrono::steady_clock::time_point sent_at;
  };

  void log_key_left(std::int64_t device_id) const;
  void append_removal(std::string& outgoing);
  void append_newest(std::string& outgoing);
  void append_announcement(std::string& outgoing);
  Failure finish(const Unanswered& done, const Reply& last);
  void set_refused(std::int64_t device_id, const std::string& error);
  void settle();

  live::Hub& hub_;
  live::Hub::Subscription subscription_;
  const std::shared_ptr<Health> health_;
  const std::shared_ptr<const OtherWriters> others_;
  const Names names_;
  const Ttl ttl_;
  live::Mailbox mailbox_;
  std::set<std::int64_t> removals_;  // keys to delete; none of these devices has a reading in the mailbox
  std::deque<std::string> announcements_;
  std::deque<Unanswered> unanswered_;
  std::chrono::steady_clock::time_point filled_at_;
  Figures counted_;                               // what this end counts
  std::unordered_map<std::int64_t, Device> own_;  // devices of which this daemon has readings
  std::size_t refused_devices_ = 0;
  bool connected_ = false;
  bool settled_ = false;  // this connection has taken a transaction, or there was none to write
};

}  // namespace gensetd::redis
