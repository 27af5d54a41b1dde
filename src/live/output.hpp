#pragma once

#include "measure/metric_families.hpp"

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <string>
#include <string_view>

namespace gensetd::live {

// A consumer of readings and events, such as Redis. Use: construct, start(), stop(), destroy. It subscribes
// to the Hub itself, and never blocks: a slow peer receives only the newest reading of each device (Mailbox).
// One thread: that of the io_context on which the daemon runs.
class Output {
 public:
  virtual ~Output() = default;

  virtual std::string_view name() const = 0;  // its key in /health
  virtual void start() = 0;
  // Sends what is pending, such as the last readings, then closes; gives up after `within`.
  virtual boost::asio::awaitable<void> stop(std::chrono::milliseconds within) = 0;

  // "ok", "off" (not configured), or one line for people that says what is wrong; no secrets.
  virtual std::string health() const = 0;
  // Metrics named gensetd_<output>_…; none while the output is off.
  virtual void add_metrics(measure::MetricFamilies& families) const = 0;

  // Called for each change of an event, with its JSON.
  virtual void publish_event(const std::string& json) = 0;
};

}  // namespace gensetd::live
