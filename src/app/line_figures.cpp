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
  Samples(std::string_view prefix, std::string labels, MetricFamilies& families)
      : prefix_(prefix), labels_(std::move(labels)), families_(families) {}

  void counter(std::string_view name, std::string_view help, std::uint64_t value) {
    add(fmt::format("{}{}_total", prefix_, name), "counter", help, fmt::format("{}", value));
  }
  void seconds_counter(std::string_view name, std::string_view help, nanoseconds value) {
    add(fmt::format("{}{}_seconds_total", prefix_, name), "counter", help, in_seconds(value));
  }
  void gauge(std::string_view name, std::string_view help, std::int64_t value) {
    add(fmt::format("{}{}", prefix_, name), "gauge", help, fmt::format("{}", value));
  }
  void seconds_gauge(std::string_view name, std::string_view help, nanoseconds value) {
    add(fmt::format("{}{}_seconds", prefix_, name), "gauge", help, in_seconds(value));
  }
  void seconds_summary(std::string_view name, std::string_view help, nanoseconds sum, std::uint64_t count) {
    const std::string whole = fmt::format("{}{}_seconds", prefix_, name);
    families_.add({whole, "summary", help}, labels_, in_seconds(sum), "_sum");
    families_.add({whole, "summary", help}, labels_, fmt::format("{}", count), "_count");
  }
  void counters(const link::Counters& values) {
    for (const UnitCounter& each : unit_counters) counter(each.name, each.help, values.*each.value);
  }

 private:
  static std::string in_seconds(nanoseconds time) {
    return fmt::format("{:.6f}", static_cast<double>(time.count()) / 1e9);
  }
  void add(const std::string& name, std::string_view type, std::string_view help, const std::string& value) {
    families_.add({name, type, help}, labels_, value);
  }

  std::string_view prefix_;
  std::string labels_;
  MetricFamilies& families_;
};

}  // namespace

void add_link(const poller::LinkFigures& link, MetricFamilies& families) {
  Samples samples("gensetd_link_", fmt::format(R"({{link="{}"}})", http::label_value(link.address)),
                  families);
  samples.gauge("connected", "Whether the connection is open.", link.connected ? 1 : 0);
  samples.gauge("shared", "Whether a frame of somebody else was on the line within ten minutes.",
                link.shared ? 1 : 0);
  samples.counter("connects", "Connections opened.", link.line.connects);
  samples.counter("connections_lost", "Connections closed by the peer, or given up as it stayed silent.",
                  link.line.connections_lost);
  samples.counter("garbage_bytes", "Bytes that belong to no good frame.", link.line.garbage_bytes);
  samples.seconds_counter("busy", "Time that a request was under way.", link.busy);
  samples.counters(link.units);
}

void add_device(const poller::DeviceFigures& device, MetricFamilies& families) {
  Samples samples("gensetd_device_",
                  fmt::format(R"({{device_id="{}",site="{}"}})", device.identity.device_id,
                              http::label_value(device.identity.site_code)),
                  families);
  samples.counter("cycles", "Polling cycles that ended.", device.counters.cycles);
  samples.counter("cycles_failed", "Polling cycles that failed.", device.counters.failed_cycles);
  samples.counter("retries", "Requests asked a second time within a cycle.", device.counters.retries);
  samples.counter("cycles_missed", "Cycles left out because the one before was late.",
                  device.counters.slots_missed);
  samples.gauge("failures_in_a_row", "Cycles failed since the last good one.", device.failures_in_a_row);
  samples.gauge("offline_after", "Failed cycles in a row before the device is offline.",
                device.pace.offline_after);
  samples.seconds_gauge("last_cycle", "Length of the last cycle, to its last answer.", device.last_cycle);
  samples.seconds_summary("answer_latency", "From a request on the wire to the end of its answer.",
                          device.latency.sum, device.latency.answers);
  samples.counters(device.unit);
}

}  // namespace gensetd::app
