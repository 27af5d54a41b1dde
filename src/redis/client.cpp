#include "redis/client.hpp"

#include "redis/publisher.hpp"
#include "redis/session.hpp"
#include "redis/subscriber.hpp"
#include "redis/url.hpp"
#include "supervision/repeater.hpp"
#include "supervision/use_tuple.hpp"

#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <utility>

namespace gensetd::redis {
namespace {

namespace asio = boost::asio;
using supervision::use_tuple;
constexpr std::chrono::seconds tidy_pause{1};

Publisher::Ttl ttl_rule(const RedisOptions& options) {
  return [ttl = options.metrics_ttl, least = options.ttl_min](std::int64_t device_id) {
    if (ttl <= ttl.zero() || !least) return ttl;
    return std::max(ttl, least(device_id));
  };
}

}  // namespace

class RedisClient::Implementation : public std::enable_shared_from_this<Implementation> {
 public:
  Implementation(asio::io_context& context, const RedisOptions& options, live::Hub& hub)
      : Implementation(context, options, hub, parse_url(options.url)) {}

  void start() {
    if (stopped_) return;
    publisher_->on_idle = [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->quiet_.cancel();
    };
    publisher_->start();
    writing_->start();
    subscribing_->start();
    tidy_.start(tidy_pause, [this] { tidy(); });
  }

  // Closes both connections at once. The coroutines end when the io_context next runs, or is destroyed.
  void close() {
    stopped_ = true;
    publisher_->detach();
    subscriber_->detach();
    writing_->stop();
    subscribing_->stop();
    tidy_.stop();
    quiet_.cancel();
  }

  asio::awaitable<void> flush_and_close(std::chrono::milliseconds within) {
    const auto self = shared_from_this();
    const auto limit = std::chrono::steady_clock::now() + within;
    while (!stopped_ && !publisher_->is_idle() && std::chrono::steady_clock::now() < limit) {
      quiet_.expires_at(limit);
      [[maybe_unused]] const auto [woken] = co_await quiet_.async_wait(use_tuple);
    }
    if (!stopped_) close();
  }

  void publish_event(const std::string& event) { publisher_->publish_event(event); }

  const RedisHealth& health() const { return *health_; }

  std::string state() const {
    const std::string shared = others_->state();
    return health_->ok() && !shared.empty() ? health_->endpoint() + ": " + shared : health_->state();
  }

  RedisMetrics metrics() const {
    RedisMetrics metrics{.connections_lost = health_->connections_lost()};
    publisher_->add_to(metrics);
    subscriber_->add_to(metrics);
    return metrics;
  }

 private:
  Implementation(asio::io_context& context, const RedisOptions& options, live::Hub& hub,
                 const RedisAddress& address)
      : hub_(hub),
        foreign_age_max_(options.metrics_ttl),
        health_(std::make_shared<RedisHealth>(print_endpoint(address))),
        others_(std::make_shared<OtherWriters>(health_->endpoint(), options.metrics_ttl)),
        publisher_(
            std::make_shared<Publisher>(hub, health_, others_, KeyNames(options.prefix), ttl_rule(options))),
        subscriber_(
            std::make_shared<Subscriber>(hub, health_, others_, KeyNames(options.prefix), options.epoch)),
        writing_(std::make_shared<RedisSession>(context, address, RedisHealth::Role::writing, health_,
                                                publisher_)),
        subscribing_(std::make_shared<RedisSession>(context, address, RedisHealth::Role::subscribing, health_,
                                                    subscriber_)),
        tidy_(context.get_executor(), supervision::Task::redis),
        quiet_(context) {}

  // Drops readings that other processes no longer publish.
  void tidy() {
    if (foreign_age_max_.count() > 0)
      hub_.expire_foreign(std::chrono::steady_clock::now() - foreign_age_max_);
    subscriber_->tidy();
  }

  live::Hub& hub_;
  const std::chrono::seconds foreign_age_max_;
  const std::shared_ptr<RedisHealth> health_;
  const std::shared_ptr<OtherWriters> others_;
  const std::shared_ptr<Publisher> publisher_;
  const std::shared_ptr<Subscriber> subscriber_;
  const std::shared_ptr<RedisSession> writing_;
  const std::shared_ptr<RedisSession> subscribing_;
  supervision::Repeater tidy_;
  asio::steady_timer quiet_;  // ends the wait of flush_and_close()
  bool stopped_ = false;
};

RedisClient::RedisClient(asio::io_context& context, const RedisOptions& options, live::Hub& hub)
    : implementation_(std::make_shared<Implementation>(context, options, hub)) {}

RedisClient::~RedisClient() { implementation_->close(); }

void RedisClient::start() { implementation_->start(); }

void RedisClient::publish_event(const std::string& event) { implementation_->publish_event(event); }

bool RedisClient::is_healthy() const { return implementation_->health().ok(); }

RedisMetrics RedisClient::metrics() const { return implementation_->metrics(); }

std::string RedisClient::state() const { return implementation_->state(); }

asio::awaitable<void> RedisClient::stop(std::chrono::milliseconds within) {
  co_await implementation_->flush_and_close(within);
}

}  // namespace gensetd::redis
