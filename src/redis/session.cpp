#include "redis/session.hpp"

#include "supervision/tasks.hpp"
#include "supervision/use_tuple.hpp"

#include <algorithm>
#include <utility>

namespace gensetd::redis {
namespace {

namespace asio = boost::asio;
using supervision::use_tuple;

std::string client_name(RedisHealth::Role part) {
  return part == RedisHealth::Role::writing ? "gensetd-writer" : "gensetd-subscriber";
}

}  // namespace

RedisSession::RedisSession(asio::io_context& context, const RedisAddress& address, RedisHealth::Role part,
                           std::shared_ptr<RedisHealth> health, std::shared_ptr<Dialogue> dialogue)
    : context_(context),
      part_(part),
      health_(std::move(health)),
      dialogue_(std::move(dialogue)),
      connection_(context, address, client_name(part)),
      pause_(context) {}

void RedisSession::start() {
  dialogue_->wake = [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->connection_.wake();
  };
  supervision::spawn_loop(context_.get_executor(), supervision::Task::redis, client_name(part_),
                          [self = shared_from_this()] { return self->run(); });
}

void RedisSession::stop() {
  stopped_ = true;
  connection_.close();
  pause_.cancel();
}

asio::awaitable<void> RedisSession::run() {
  auto pause = pause_min;
  while (!stopped_) {
    const auto began = std::chrono::steady_clock::now();
    RedisFailure failure;
    try {
      failure = co_await connection_.run(*dialogue_);
    } catch (...) {
      supervision::report_exception(supervision::Task::redis, client_name(part_), "it reconnects");
      failure = internal_failure();
    }
    if (stopped_) co_return;
    dialogue_->closed();
    health_->connection_lost(part_, failure);
    // A connection that lasted resets the pause. One that Redis refuses as soon as it is open (for example,
    // no memory) is retried less and less often.
    if (std::chrono::steady_clock::now() - began > pause_max) pause = pause_min;
    pause_.expires_after(pause);
    [[maybe_unused]] const auto [woken] = co_await pause_.async_wait(use_tuple);
    pause = std::min(pause * 2, pause_max);
  }
}

}  // namespace gensetd::redis
