#include "app/line_figures.hpp"

#include "app/counter_names.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace gensetd::app {
namespace {

using http::MetricFamilies;
using std::chrono::nanoseconds;

// The metrics of one link or one device: they share their labels.
class Samples {
 public:
  Samples(std::string_view prefix, http::MetricLabels labels, MetricFamilies& families)
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
  void counters(const link::Counters& values) {
    for (const UnitCounter& each : unit_counters) counter(each.name, each.help, values.*each.value);
  }

 private:
  std::string_view prefix_;
  http::MetricLabels labels_;
  MetricFamilies& families_;
};

}  // namespace

void add_link(const poller::LinkFigures& link, MetricFamilies& families) {
  Samples samples("gensetd_link_", {{"link", link.address}}, families);
  samples.gauge("connected", "Whether the connection is open.", link.connected ? 1 : 0);
  samples.gauge("shared", "Whether a frame of somebody else was on the line within ten minutes.",
                link.shared ? 1 : 0);
  samples.counter("connects", "Connections opened.", link.line.connects);
  samples.counter("connections_lost", "Connections closed by the peer, or given up as it stayed silent.",
                  link.line.connections_lost);
  samples.counter("garbage_bytes", "Bytes that belong to no good frame.", link.line.garbage_bytes);
  samples.gauge("utilisation_ratio", "Share of the last minute that a request was under way.",
                link.recent_busy_share);
  samples.seconds_counter("busy", "Time that a request was under way.", link.busy);
  samples.counters(link.units);
}

void add_device(const poller::DeviceFigures& device, std::size_t history_bytes, MetricFamilies& families) {
  Samples samples(
      "gensetd_device_",
      {{"device_id", std::to_string(device.identity.device_id)}, {"site", device.identity.site_code}},
      families);
  samples.counter("cycles", "Polling cycles that ended.", device.counters.cycles);
  samples.counter("cycles_failed", "Polling cycles that failed.", device.counters.failed_cycles);
  samples.counter("retries", "Requests asked a second time within a cycle.", device.counters.retries);
  samples.counter("cycles_missed", "Cycles left out because the one before was late.",
                  device.counters.slots_missed);
  samples.gauge("failures_in_a_row", "Cycles failed since the last good one.",
                static_cast<double>(device.failures_in_a_row));
  samples.gauge("offline_after", "Failed cycles in a row before the device is offline.",
                device.pace.offline_after);
  samples.seconds_gauge("last_cycle", "Length of the last cycle, to its last answer.", device.last_cycle);
  samples.seconds_summary("answer_latency", "From a request on the wire to the end of its answer.",
                          device.latency.sum, device.latency.answers);
  samples.gauge("history_bytes", "Memory of its readings that are held for GET /api/history.",
                static_cast<double>(history_bytes));
  samples.counters(device.unit);
}

}  // namespace gensetd::app
