#include "poller/online_state.hpp"

#include "link/retry_policy.hpp"
#include "poller/device_log.hpp"

namespace gensetd::poller {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

milliseconds since(SteadyTime start) {
  return std::chrono::duration_cast<milliseconds>(steady_clock::now() - start);
}

}  // namespace

void OnlineState::succeeded(const PollTarget& target, reading::ClockPair last_response,
                            std::chrono::nanoseconds cycle_time) {
  failed_cycles_ = 0;
  is_online_ = true;
  last_seen_ = last_response;
  if (auto ended = device_event(log::debug("cycle_succeeded"), target))
    ended.say("{}: cycle took {} ms", device_label(target),
              std::chrono::duration_cast<milliseconds>(cycle_time).count());
  if (!is_logged_) {
    device_event(log::info("device_online"), target).say("{}: online", device_label(target));
  } else if (offline_since_) {
    const milliseconds offline = since(*offline_since_);
    device_event(log::info("device_online"), target)
        .field("offline_ms", offline.count())
        .say("{}: online again after {:.1f} s", device_label(target),
             static_cast<double>(offline.count()) / 1000.0);
  }
  is_logged_ = true;
  offline_since_.reset();
}

void OnlineState::failed(const PollTarget& target, ErrorKind kind, const std::string& error,
                         SteadyTime cycle_start) {
  const bool was_online = is_online_;
  ++failed_cycles_;
  is_online_ = link::stays_online(was_online, failed_cycles_, target.settings.offline_after);
  if (auto ended = device_event(log::debug("cycle_failed"), target))
    ended.say("{}: cycle failed after {} ms: {}", device_label(target), since(cycle_start).count(), error);
  if (is_online_ || (!was_online && is_logged_)) return;
  device_event(log::warning("device_offline"), target)
      .field("kind", word(kind))
      .field("error", error)
      .say("{}: offline: {}", device_label(target), error);
  offline_since_ = cycle_start;
  is_logged_ = true;
}

}  // namespace gensetd::poller
