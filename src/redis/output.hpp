#pragma once

#include "live/output.hpp"
#include "redis/client.hpp"

#include <optional>

namespace gensetd::redis {

// Redis as an output of the daemon; it is off when the URL in RedisOptions is empty. The constructor throws
// as that of RedisClient.
class RedisOutput : public live::Output {
 public:
  RedisOutput(boost::asio::io_context& context, const RedisOptions& options, live::Hub& hub);

  std::string_view name() const override { return "redis"; }
  void start() override;
  boost::asio::awaitable<void> stop(std::chrono::milliseconds within) override;
  std::string health() const override;
  void add_metrics(measure::MetricFamilies& families) const override;
  void publish_event(const std::string& json) override;

 private:
  std::optional<RedisClient> client_;  // empty without a URL
};

}  // namespace gensetd::redis
