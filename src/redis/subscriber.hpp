#pragma once

#include "live/hub.hpp"
#include "redis/commands.hpp"
#include "redis/dialogue.hpp"
#include "redis/health.hpp"
#include "redis/metrics.hpp"
#include "redis/other_writers.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace gensetd::redis {

// Publishes the readings of other processes from `metrics:updates` on the hub. Own readings, which arrive on
// the same channel, are ignored. Invalid messages are counted, and logged at most once a minute. Readings of
// devices that are polled here are reported to OtherWriters. Use: tidy() every second.
class Subscriber : public Dialogue {
 public:
  static constexpr std::chrono::minutes log_pause{1};
  // The limit counts as kept again after this time without a dropped reading.
  static constexpr std::chrono::minutes limit_pause{1};
  using Clock = reading::SteadyTime (*)();

  Subscriber(live::Hub& hub, std::shared_ptr<RedisHealth> health, std::shared_ptr<OtherWriters> others,
             KeyNames names, reading::Epoch own_epoch, Clock clock = std::chrono::steady_clock::now);

  void detach() { detached_ = true; }  // the hub is not used any more

  void opened() override;
  void closed() override {}
  void append_commands(std::string& outgoing) override;
  void append_ping(std::string& outgoing) override;
  bool awaits_reply() const override { return !subscribed_ || ping_pending_; }
  RedisFailure handle_reply(RedisReply& reply) override;

  void tidy();  // expires other writers and the notice about the limit
  void add_to(RedisMetrics& metrics) const;

 private:
  void handle_message(std::string_view json);
  void count_invalid(std::string_view why);
  void count_over_limit();

  live::Hub& hub_;
  const std::shared_ptr<RedisHealth> health_;
  const std::shared_ptr<OtherWriters> others_;
  const KeyNames names_;
  const std::string own_ending_;  // end of each message of this run
  const Clock clock_;
  bool detached_ = false;
  bool subscribe_sent_ = false;
  bool subscribed_ = false;
  bool ping_pending_ = false;
  std::uint64_t received_ = 0;
  std::uint64_t invalid_messages_ = 0;
  std::uint64_t unlogged_invalid_ = 0;  // since the last log line
  reading::SteadyTime log_from_{};
  std::uint64_t over_limit_ = 0;
  std::optional<reading::SteadyTime> last_over_limit_;  // set while readings are dropped
};

}  // namespace gensetd::redis
