#include "supervision/heartbeat.hpp"

#include "log/log.hpp"

#include <algorithm>

namespace gensetd::supervision {
namespace {

std::int64_t whole_seconds(SteadyTime::duration time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time).count();
}

}  // namespace

std::string Heartbeat::problem(SteadyTime now) const {
  const auto age = now - last();
  if (age <= allowed_) return {};
  return fmt::format("{} has not responded for {} s", name_, whole_seconds(age));
}

void HangMonitor::watch(std::shared_ptr<const Heartbeat> heartbeat) {
  watched_.push_back({.heartbeat = std::move(heartbeat), .hangs_since = {}});
}

void HangMonitor::check(SteadyTime now) {
  // After a pause of the whole process (SIGSTOP, a suspended machine) all heartbeats are old. The next check
  // shows which threads really hang.
  const bool was_away = checked_at_ && now - *checked_at_ > 2 * check_every;
  checked_at_ = now;
  for (Watched& each : watched_) {
    const Heartbeat& heartbeat = *each.heartbeat;
    if (heartbeat.hangs(now)) {
      if (each.hangs_since || was_away) continue;
      each.hangs_since = heartbeat.last();
      log::error("thread_hangs")
          .field("thread", heartbeat.name())
          .field("seconds", whole_seconds(now - heartbeat.last()))
          .say("{}; its tasks do not run until it responds", heartbeat.problem(now));
    } else if (each.hangs_since) {
      const auto time = whole_seconds(heartbeat.last() - *each.hangs_since);
      log::info("thread_responds")
          .field("thread", heartbeat.name())
          .field("seconds", time)
          .say("{} responds again after {} s", heartbeat.name(), time);
      each.hangs_since.reset();
    }
  }
}

bool HangMonitor::hangs(const std::shared_ptr<Heartbeat>& heartbeat) const {
  return std::ranges::any_of(watched_, [&](const Watched& each) {
    return each.heartbeat == heartbeat && each.hangs_since.has_value();
  });
}

std::size_t HangMonitor::hanging() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(watched_, [](const Watched& each) { return each.hangs_since.has_value(); }));
}

std::string HangMonitor::problems(SteadyTime now) const {
  std::string all;
  for (const Watched& each : watched_) {
    if (!each.hangs_since) continue;
    const std::string problem = each.heartbeat->problem(now);
    if (problem.empty()) continue;
    if (!all.empty()) all += "; ";
    all += problem;
  }
  return all;
}

}  // namespace gensetd::supervision
