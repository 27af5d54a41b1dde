#include "redis/health.hpp"

#include "log/log.hpp"

#include <utility>

namespace gensetd::redis {

void Health::lost(Part part, const Failure& failure) {
  Connection& connection = connections_[static_cast<std::size_t>(part)];
  if (connection.ok) ++losses_;
  connection = {.ok = false, .why = failure.why};
  const bool is_news = !loss_logged_ || (failure.refused && !refusal_logged_);
  loss_logged_ = true;
  refusal_logged_ = refusal_logged_ || failure.refused;
  if (is_news) {
    log::warning("redis_lost")
        .field("endpoint", endpoint_)
        .field("error", failure.why)
        .say("Redis {} lost: {}; polling goes on, all hashes are written again on its return", endpoint_,
             failure.why);
  }
}

void Health::returned(Part part) {
  Connection& connection = connections_[static_cast<std::size_t>(part)];
  if (connection.ok) return;
  connection = {.ok = true, .why = {}};
  if (!both_ok()) return;
  log::info("redis_connected")
      .field("endpoint", endpoint_)
      .say("Redis {} {}", endpoint_, loss_logged_ ? "is back" : "connected");
  loss_logged_ = false;
  refusal_logged_ = false;
}

void Health::set_key_refused(std::string why) {
  if (key_refused_.empty() && !why.empty()) {
    log::warning("redis_key_refused")
        .field("endpoint", endpoint_)
        .field("error", why)
        .say("Redis {}: {}; the key is deleted and written anew with the next reading", endpoint_, why);
  }
  key_refused_ = std::move(why);
}

bool Health::ok() const { return both_ok() && key_refused_.empty(); }

std::string Health::state() const {
  for (const Connection& connection : connections_) {
    if (!connection.ok) return endpoint_ + ": " + (connection.why.empty() ? "connecting" : connection.why);
  }
  return key_refused_.empty() ? "ok" : endpoint_ + ": " + key_refused_;
}

}  // namespace gensetd::redis
