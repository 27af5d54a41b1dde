#pragma once

#include "live/hub.hpp"
#include "redis/commands.hpp"
#include "redis/dialogue.hpp"
#include "redis/figures.hpp"
#include "redis/health.hpp"
#include "redis/other_writers.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace gensetd::redis {

// Brings what other processes publish on `metrics:updates` into the hub. Own readings, which come back on the
// same channel, are left out; what is no reading is counted and logged once a minute at most. Readings of
// devices that are polled here are noted in OtherWriters. Use: tidy() every second.
class Subscriber : public Dialogue {
 public:
  static constexpr std::chrono::minutes log_pause{1};
  // So long nothing must be refused until the readings of others count as within their limit again.
  static constexpr std::chrono::minutes room_pause{1};
  using Clock = reading::SteadyTime (*)();

  Subscriber(live::Hub& hub, std::shared_ptr<Health> health, std::shared_ptr<OtherWriters> others,
             Names names, reading::Epoch own_epoch, Clock clock = std::chrono::steady_clock::now);

  void detach() { detached_ = true; }  // the hub is not touched any more

  void opened() override;
  void closed() override {}
  void fill(std::string& outgoing) override;
  void ping(std::string& outgoing) override;
  bool awaits_reply() const override { return !subscribed_ || ping_unanswered_; }
  Failure take(Reply& reply) override;

  void tidy();  // ends what has not been seen for a while
  void add_to(Figures& figures) const;

 private:
  void take_message(std::string_view json);
  void note_refused(std::string_view why);
  void note_no_room();

  live::Hub& hub_;
  const std::shared_ptr<Health> health_;
  const std::shared_ptr<OtherWriters> others_;
  const Names names_;
  const std::string own_ending_;  // of the messages of this run
  const Clock clock_;
  bool detached_ = false;
  bool asked_ = false;
  bool subscribed_ = false;
  bool ping_unanswered_ = false;
  std::uint64_t received_ = 0;
  std::uint64_t not_readings_ = 0;
  std::uint64_t refused_ = 0;  // messages since the last log line
  reading::SteadyTime log_from_{};
  std::uint64_t no_room_ = 0;
  std::optional<reading::SteadyTime> last_no_room_;  // while there are too many
};

}  // namespace gensetd::redis
