#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace gensetd::supervision {

using SteadyTime = std::chrono::steady_clock::time_point;

// A thread that runs handlers hangs if it is silent for longer: no handler may take so long.
inline constexpr std::chrono::seconds handler_silence_max{5};

// Shows that a thread still runs its tasks: the thread calls beat() each second, any other thread reads it.
class Heartbeat {
 public:
  // name: the name of the thread, for people ("polling thread 1"). allowed: the thread hangs if it has not
  // called beat() for longer.
  Heartbeat(std::string name, std::chrono::milliseconds allowed, SteadyTime now)
      : name_(std::move(name)), allowed_(allowed), at_(now.time_since_epoch().count()) {}

  void beat(SteadyTime now) { at_.store(now.time_since_epoch().count(), std::memory_order_relaxed); }

  SteadyTime last() const { return SteadyTime{SteadyTime::duration{at_.load(std::memory_order_relaxed)}}; }
  bool hangs(SteadyTime now) const { return now - last() > allowed_; }
  const std::string& name() const { return name_; }

  // "polling thread 1 has not responded for 12 s"; empty while it responds.
  std::string problem(SteadyTime now) const;

 private:
  const std::string name_;
  const std::chrono::milliseconds allowed_;
  std::atomic<SteadyTime::rep> at_;
};

// Watches heartbeats: one log line when a thread stops responding, one when it responds again. If the
// watching thread itself did not run for a while, the others get time to call beat() first. One thread.
class HangMonitor {
 public:
  static constexpr std::chrono::seconds check_every{1};

  void watch(std::shared_ptr<const Heartbeat> heartbeat);
  void check(SteadyTime now);  // call it each check_every

  bool hangs(const std::shared_ptr<Heartbeat>& heartbeat) const;  // as of the last check
  // How many threads hang, as of the last check.
  std::size_t hanging() const;
  // Their problems, joined by "; ", as of the last check; empty: all respond.
  std::string problems(SteadyTime now) const;

 private:
  struct Watched {
    std::shared_ptr<const Heartbeat> heartbeat;
    std::optional<SteadyTime> hangs_since;
  };
  std::vector<Watched> watched_;
  std::optional<SteadyTime> checked_at_;
};

}  // namespace gensetd::supervision
