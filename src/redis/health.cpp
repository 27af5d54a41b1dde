#include "redis/health.hpp"

#include "log/log.hpp"

#include <utility>

namespace gensetd::redis {

void RedisHealth::connection_lost(Role part, const RedisFailure& failure) {
  ConnectionState& connection = connections_[static_cast<std::size_t>(part)];
  if (connection.ok) ++connections_lost_;
  connection = {.ok = false, .why = failure.reason};
  const bool is_news = !loss_logged_ || (failure.is_rejection && !refusal_logged_);
  loss_logged_ = true;
  refusal_logged_ = refusal_logged_ || failure.is_rejection;
  if (is_news) {
    log::warning("redis_lost")
        .field("endpoint", endpoint_)
        .field("error", failure.reason)
        .say("Redis {} lost: {}; polling continues, all hashes are rewritten when it is back", endpoint_,
             failure.reason);
  }
}

void RedisHealth::connection_ready(Role part) {
  ConnectionState& connection = connections_[static_cast<std::size_t>(part)];
  if (connection.ok) return;
  connection = {.ok = true, .why = {}};
  if (!both_ok()) return;
  log::info("redis_connected")
      .field("endpoint", endpoint_)
      .say("Redis {} {}", endpoint_, loss_logged_ ? "is back" : "connected");
  loss_logged_ = false;
  refusal_logged_ = false;
}

void RedisHealth::set_key_rejected(std::string why) {
  if (key_rejected_.empty() && !why.empty()) {
    log::warning("redis_key_refused")
        .field("endpoint", endpoint_)
        .field("error", why)
        .say("Redis {}: {}; the next reading deletes and rewrites the key", endpoint_, why);
  }
  key_rejected_ = std::move(why);
}

bool RedisHealth::ok() const { return both_ok() && key_rejected_.empty(); }

std::string RedisHealth::state() const {
  for (const ConnectionState& connection : connections_) {
    if (!connection.ok) return endpoint_ + ": " + (connection.why.empty() ? "connecting" : connection.why);
  }
  return key_rejected_.empty() ? "ok" : endpoint_ + ": " + key_rejected_;
}

}  // namespace gensetd::redis
