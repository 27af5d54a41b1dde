#include "redis/session.hpp"

#include "supervision/tasks.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <utility>

namespace gensetd::redis {
namespace {

namespace asio = boost::asio;
constexpr auto use_tuple = asio::as_tuple(asio::use_awaitable);

std::string client_name(Health::Part part) {
  return part == Health::Part::writing ? "gensetd-writer" : "gensetd-subscriber";
}

}  // namespace

Session::Session(asio::io_context& context, const Address& address, Health::Part part,
                 std::shared_ptr<Health> health, std::shared_ptr<Dialogue> dialogue)
    : context_(context),
      part_(part),
      health_(std::move(health)),
      dialogue_(std::move(dialogue)),
      connection_(context, address, client_name(part)),
      pause_(context) {}

void Session::start() {
  dialogue_->wake = [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->connection_.wake();
  };
  supervision::spawn_loop(context_.get_executor(), supervision::Task::redis, client_name(part_),
                          [self = shared_from_this()] { return self->run(); });
}

void Session::stop() {
  stopped_ = true;
  connection_.close();
  pause_.cancel();
}

asio::awaitable<void> Session::run() {
  auto pause = pause_min;
  while (!stopped_) {
    const auto began = std::chrono::steady_clock::now();
    Failure failure;
    try {
      failure = co_await connection_.run(*dialogue_);
    } catch (...) {
      supervision::report_exception(supervision::Task::redis, client_name(part_), "it connects again");
      failure = inside_gensetd();
    }
    if (stopped_) co_return;
    dialogue_->closed();
    health_->lost(part_, failure);
    // One that lasted was good; one that is refused as soon as it is open (no memory, say) is tried ever
    // less.
    if (std::chrono::steady_clock::now() - began > pause_max) pause = pause_min;
    pause_.expires_after(pause);
    [[maybe_unused]] const auto [woken] = co_await pause_.async_wait(use_tuple);
    pause = std::min(pause * 2, pause_max);
  }
}

}  // namespace gensetd::redis
