#pragma once

#include "api/api_services.hpp"
#include "daemon/settings.hpp"
#include "live/hub.hpp"
#include "live/output.hpp"
#include "measure/metric_families.hpp"
#include "poller/schedule.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace gensetd::daemon {

// What an output may need from the daemon. All of it outlives the outputs.
struct OutputContext {
  boost::asio::io_context& context;
  live::Hub& hub;
  reading::Epoch epoch;                                                       // of this run
  std::function<poller::PollSettings(std::int64_t device_id)> poll_settings;  // of a device
};

// The consumers of readings and events, as one: see live::Output. The constructor makes all of them, and
// throws std::runtime_error with one line when a setting cannot be used.
class Outputs {
 public:
  Outputs(const Settings& settings, const OutputContext& context);

  void start();
  // Stops one after the other. They share the time `within`; an exception of one does not keep the others
  // from their stop.
  boost::asio::awaitable<void> stop(std::chrono::milliseconds within);

  void publish_event(const std::string& json);
  std::vector<api::OutputHealth> health() const;
  void add_metrics(measure::MetricFamilies& families) const;

 private:
  std::vector<std::unique_ptr<live::Output>> outputs_;
};

}  // namespace gensetd::daemon
