#pragma once

#include "live/hub.hpp"
#include "redis/dialogue.hpp"
#include "redis/figures.hpp"
#include "redis/health.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace gensetd::redis {

// Brings what other processes publish on `metrics:updates` into the hub. Own readings, which come back on the
// same channel, are left out; what is no reading is counted and logged once a minute at most.
class Subscriber : public Dialogue {
 public:
  static constexpr std::chrono::minutes log_pause{1};
  // A reading from further ahead would shut out every right one until then.
  static constexpr std::chrono::hours ahead_max{24};
  using IsOwn = std::function<bool(const reading::Reading&)>;

  Subscriber(live::Hub& hub, std::shared_ptr<Health> health, IsOwn is_own);

  void detach() { detached_ = true; }  // the hub is not touched any more

  void opened() override;
  void closed() override {}
  void fill(std::string& outgoing) override;
  void ping(std::string& outgoing) override;
  bool awaits_reply() const override { return !subscribed_ || ping_unanswered_; }
  Failure take(Reply& reply) override;

  void add_to(Figures& figures) const {
    figures.received += received_;
    figures.not_readings += not_readings_;
  }

 private:
  void take_message(std::string_view json);
  void note_refused(std::string_view why);

  live::Hub& hub_;
  const std::shared_ptr<Health> health_;
  const IsOwn is_own_;
  bool detached_ = false;
  bool asked_ = false;
  bool subscribed_ = false;
  bool ping_unanswered_ = false;
  std::uint64_t received_ = 0;
  std::uint64_t not_readings_ = 0;
  std::uint64_t refused_ = 0;  // messages since the last log line
  std::chrono::steady_clock::time_point log_from_{};
};

}  // namespace gensetd::redis
