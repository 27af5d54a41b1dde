#include "events/outages.hpp"

#include <algorithm>
#include <utility>

namespace gensetd::events {

using reading::ClockPair;
using reading::SteadyTime;

void Outages::begin(std::int64_t device_id, Outage outage, std::optional<reading::Timestamp> alarm_onset) {
  outage.alarm_due_at = outage.since.steady + offline_delay_;
  if (alarm_onset) {
    outage.since.wall = *alarm_onset;
    outage.has_alarm = true;
  }
  outages_.insert_or_assign(device_id, std::move(outage));
}

std::optional<Outage> Outages::end(std::int64_t device_id) {
  const auto found = outages_.find(device_id);
  if (found == outages_.end()) return std::nullopt;
  std::optional<Outage> outage = std::move(found->second);
  outages_.erase(found);
  return outage;
}

void Outages::restart_delays(const Devices& devices, SteadyTime now) {
  for (const std::int64_t device_id : devices) {
    const auto outage = outages_.find(device_id);
    if (outage != outages_.end()) outage->second.alarm_due_at = now + offline_delay_;
  }
}

Outages::Devices Outages::due(SteadyTime now) const {
  Devices devices;
  for (const auto& [device_id, outage] : outages_) {
    if (!outage.has_alarm && now >= outage.alarm_due_at) devices.push_back(device_id);
  }
  return devices;
}

Outages::Decision Outages::decide(std::int64_t device_id, const Devices& site, SteadyTime now) {
  Outage& outage = outages_.at(device_id);
  if (auto whole_site = site_outage(outage, site)) return *std::move(whole_site);
  // The other devices of the site may be about to follow.
  const bool others_are_offline = std::ranges::any_of(
      site, [&](std::int64_t other) { return other != device_id && outages_.contains(other); });
  if (others_are_offline && now < outage.since.steady + site_drops_within) return RaiseNothing{};
  outage.has_alarm = true;
  return RaiseDeviceAlarm{};
}

std::optional<Outages::RaiseSiteAlarm> Outages::site_outage(const Outage& outage, const Devices& site) const {
  RaiseSiteAlarm alarm{.devices = {}, .since = outage.since};
  SteadyTime last = outage.since.steady;
  for (const std::int64_t device_id : site) {
    const auto found = outages_.find(device_id);
    if (found == outages_.end() || found->second.has_alarm) return std::nullopt;
    alarm.since = std::min(alarm.since, found->second.since,
                           [](const ClockPair& a, const ClockPair& b) { return a.steady < b.steady; });
    last = std::max(last, found->second.since.steady);
    alarm.devices.push_back(device_id);
  }
  if (alarm.devices.size() <= 1 || last - alarm.since.steady > site_drops_within) return std::nullopt;
  return alarm;
}

}  // namespace gensetd::events
