#include "daemon/line_metrics.hpp"

#include "daemon/counter_names.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace gensetd::daemon {
namespace {

using measure::MetricFamilies;
using std::chrono::nanoseconds;

// The metrics of one link or one device, which share their labels.
class LabelledMetrics {
 public:
  LabelledMetrics(std::string_view prefix, measure::MetricLabels labels, MetricFamilies& families)
      : prefix_(prefix), labels_(std::move(labels)), families_(families) {}

  void counter(std::string_view name, std::string_view help, std::uint64_t value) {
    families_.counter(fmt::format("{}{}_total", prefix_, name), help, value, labels_);
  }
  void seconds_counter(std::string_view name, std::string_view help, nanoseconds value) {
    families_.seconds_counter(fmt::format("{}{}_seconds_total", prefix_, name), help, value, labels_);
  }
  void gauge(std::string_view name, std::string_view help, double value) {
    families_.gauge(fmt::format("{}{}", prefix_, name), help, value, labels_);
  }
  void seconds_gauge(std::string_view name, std::string_view help, nanoseconds value) {
    families_.gauge(fmt::format("{}{}_seconds", prefix_, name), help,
                    std::chrono::duration<double>(value).count(), labels_);
  }
  void seconds_summary(std::string_view name, std::string_view help, nanoseconds sum, std::uint64_t count) {
    families_.summary(fmt::format("{}{}_seconds", prefix_, name), help, sum, count, labels_);
  }
  void counters(const link::UnitCounters& values) {
    for (const UnitCounter& each : unit_counters) counter(each.name, each.help, values.*each.value);
  }

 private:
  std::string_view prefix_;
  measure::MetricLabels labels_;
  MetricFamilies& families_;
};

}  // namespace

void add_link(const poller::LinkMetrics& link, MetricFamilies& families) {
  LabelledMetrics samples("gensetd_link_", {{"link", link.address}}, families);
  samples.gauge("connected", "Whether the connection is open.", link.connected ? 1 : 0);
  samples.gauge("shared", "Whether a foreign frame was received within ten minutes.", link.shared ? 1 : 0);
  samples.counter("connects", "Connections opened.", link.line.connects);
  samples.counter("connections_lost",
                  "Connections closed by the peer, or abandoned because it did not respond.",
                  link.line.connections_lost);
  samples.counter("garbage_bytes", "Bytes that belong to no valid frame.", link.line.garbage_bytes);
  samples.gauge("utilisation_ratio", "Share of the last minute in which a request was pending.",
                link.recent_busy_share);
  samples.seconds_counter("busy", "Time in which a request was pending.", link.busy);
  samples.counters(link.units);
}

void add_device(const poller::DeviceMetrics& device, std::size_t history_bytes, MetricFamilies& families) {
  LabelledMetrics samples(
      "gensetd_device_",
      {{"device_id", std::to_string(device.identity.device_id)}, {"site", device.identity.site_code}},
      families);
  samples.counter("cycles", "Polling cycles that ended.", device.counters.cycles);
  samples.counter("cycles_failed", "Polling cycles that failed.", device.counters.failed_cycles);
  samples.counter("retries", "Requests repeated within a cycle.", device.counters.retries);
  samples.counter("cycles_missed", "Cycles skipped because the previous one was late.",
                  device.counters.slots_missed);
  samples.gauge("failures_in_a_row", "Failed cycles since the last good one.",
                static_cast<double>(device.failures_in_a_row));
  samples.gauge("offline_after", "Consecutive failed cycles after which the device is offline.",
                device.settings.offline_after);
  samples.seconds_gauge("last_cycle", "Duration of the last cycle, to its last response.", device.last_cycle);
  samples.seconds_summary("answer_latency", "From sending a request to the end of its response.",
                          device.latency.sum, device.latency.responses);
  samples.gauge("history_bytes", "Memory of its readings for GET /api/history.",
                static_cast<double>(history_bytes));
  samples.counters(device.unit);
}

}  // namespace gensetd::daemon
