#include "redis/other_writers.hpp"

#include "log/log.hpp"
#include "redis/failure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace gensetd::redis {

OtherWriters::OtherWriters(std::string endpoint, std::chrono::seconds quiet)
    : endpoint_(std::move(endpoint)), quiet_(std::max(quiet, quiet_min)) {}

void OtherWriters::add_message(std::int64_t device_id, std::string_view key, std::string_view epoch,
                               reading::SteadyTime now) {
  ++messages_;
  const bool begins = devices_.empty();
  devices_[device_id] = {.key = std::string{key}, .last = now};
  if (!begins) return;
  log::warning("redis_hash_shared")
      .field("endpoint", endpoint_)
      .field("device_id", device_id)
      .field("epoch", printable(epoch))
      .say(
          "Redis {}: another process publishes readings of device {}, which is polled here ({}); both write "
          "{}, and its values alternate; give each gensetd its own REDIS_PREFIX, or stop the other process",
          endpoint_, device_id, epoch.empty() ? "without an epoch" : "epoch " + printable(epoch), key);
}

void OtherWriters::remove(std::int64_t device_id) {
  if (devices_.erase(device_id) != 0 && devices_.empty()) log_end();
}

void OtherWriters::expire(reading::SteadyTime now) {
  const std::size_t ended =
      std::erase_if(devices_, [&](const auto& entry) { return now - entry.second.last > quiet_; });
  if (ended != 0 && devices_.empty()) log_end();
}

void OtherWriters::log_end() const {
  log::info("redis_hash_not_shared")
      .field("endpoint", endpoint_)
      .say(
          "Redis {}: other processes no longer publish readings of devices that are polled here; only this "
          "daemon writes their hashes again",
          endpoint_);
}

std::string OtherWriters::state() const {
  if (devices_.empty()) return {};
  const std::string more = devices_.size() == 1 ? "" : fmt::format(" and {} more", devices_.size() - 1);
  return fmt::format("another process also writes {}{}; set REDIS_PREFIX", devices_.begin()->second.key,
                     more);
}

}  // namespace gensetd::redis
