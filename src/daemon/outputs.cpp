#include "daemon/outputs.hpp"

#include "redis/output.hpp"
#include "supervision/exceptions.hpp"

#include <algorithm>
#include <string_view>

namespace gensetd::daemon {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// A hash must not expire between two cycles that are on time.
constexpr int intervals_to_live_min = 3;

seconds time_to_live_min(const poller::PollSettings& settings) {
  // A device that fails is written again after its retry delay.
  const milliseconds longest =
      std::max(settings.poll_interval, settings.retry_delay + settings.modbus_timeout);
  return std::chrono::ceil<seconds>(intervals_to_live_min * longest);
}

redis::RedisOptions redis_options(const Settings& settings, const OutputContext& context) {
  return {.url = settings.redis_url,
          .metrics_ttl = settings.metrics_ttl,
          .ttl_min = [poll_settings = context.poll_settings](
                         std::int64_t id) { return time_to_live_min(poll_settings(id)); },
          .prefix = settings.redis_prefix,
          .epoch = context.epoch};
}

}  // namespace

// A new output is one more line here.
Outputs::Outputs(const Settings& settings, const OutputContext& context) {
  outputs_.push_back(
      std::make_unique<redis::RedisOutput>(context.context, redis_options(settings, context), context.hub));
}

void Outputs::start() {
  for (const auto& output : outputs_) output->start();
}

boost::asio::awaitable<void> Outputs::stop(milliseconds within) {
  const auto deadline = std::chrono::steady_clock::now() + within;
  for (const auto& output : outputs_) {
    const auto left = std::max(deadline - std::chrono::steady_clock::now(), std::chrono::nanoseconds{0});
    try {
      co_await output->stop(std::chrono::ceil<milliseconds>(left));
    } catch (...) {
      supervision::report_exception(supervision::Task::stop, {}, "the stop goes on");
    }
  }
}

void Outputs::publish_event(const std::string& json) {
  for (const auto& output : outputs_) output->publish_event(json);
}

std::vector<api::OutputHealth> Outputs::health() const {
  std::vector<api::OutputHealth> health;
  health.reserve(outputs_.size());
  for (const auto& output : outputs_)
    health.push_back({.name = std::string{output->name()}, .state = output->health()});
  return health;
}

void Outputs::add_metrics(measure::MetricFamilies& families) const {
  for (const auto& output : outputs_) output->add_metrics(families);
}

}  // namespace gensetd::daemon
