#include "daemon/diagnostics_json.hpp"

#include "daemon/counter_names.hpp"
#include "profile/words.hpp"
#include "text/json_text.hpp"

#include <chrono>
#include <cmath>
#include <optional>

namespace gensetd::daemon {
namespace {

using std::chrono::nanoseconds;
using text::JsonText;

double in_milliseconds(nanoseconds time) {
  return static_cast<double>(std::chrono::duration_cast<std::chrono::microseconds>(time).count()) / 1'000.0;
}

double in_seconds(nanoseconds time) {
  return static_cast<double>(std::chrono::duration_cast<std::chrono::microseconds>(time).count()) / 1e6;
}

// A ratio to four decimals: one failed cycle in an hour with a poll interval of two seconds still shows.
double rounded(double ratio) { return std::round(ratio * 10'000.0) / 10'000.0; }

std::optional<std::string> printed(const std::optional<reading::Timestamp>& time) {
  return time ? std::optional{reading::print_timestamp(*time)} : std::nullopt;
}

// The entries of a JSON array.
class JsonArray {
 public:
  void add(std::string_view entry) {
    if (text_.size() > 1) text_ += ',';
    text_ += entry;
  }
  std::string finish() { return text_ + ']'; }

 private:
  std::string text_ = "[";
};

void add_counters(JsonText& text, const link::UnitCounters& counters) {
  for (const UnitCounter& counter : unit_counters) text.field(counter.name, counters.*counter.value);
}

std::string print_polling(const poller::DeviceMetrics& device,
                          std::optional<std::chrono::milliseconds> cadence) {
  const auto& [cycles, failed_cycles, retries, slots_missed] = device.counters;
  const auto rate = device.last_hour.success_rate();
  return JsonText{}
      .field("online", device.online)
      .field("last_seen", printed(device.last_seen))
      .field("failures_in_a_row", device.failures_in_a_row)
      .field("offline_after", device.settings.offline_after)
      .field("poll_interval_seconds", in_seconds(device.settings.poll_interval))
      .field("cycles", cycles)
      .field("failed_cycles", failed_cycles)
      .field("retries", retries)
      .field("missed_slots", slots_missed)
      .field("last_cycle_ms", cycles > 0 ? std::optional{device.last_cycle.count()} : std::nullopt)
      .field("cadence_ms", cadence ? std::optional{cadence->count()} : std::nullopt)
      .field("last_hour_cycles", device.last_hour.cycles())
      .field("last_hour_failed_cycles", device.last_hour.failed)
      .field("last_hour_success_rate", rate ? std::optional{rounded(*rate)} : std::nullopt)
      .finish();
}

std::string print_latency(const poller::LatencyMetrics& latency) {
  const auto shown = [&](nanoseconds time) {
    return latency.recent > 0 ? std::optional{in_milliseconds(time)} : std::nullopt;
  };
  return JsonText{}
      .field("answers", latency.recent)
      .field("last_ms", shown(latency.last))
      .field("mean_ms", shown(latency.mean))
      .field("max_ms", shown(latency.max))
      .finish();
}

std::string print_unit(const poller::DeviceMetrics& device) {
  JsonText text;
  text.field("slave_id", device.address.unit_id);
  add_counters(text, device.unit);
  text.json("recent_latency", print_latency(device.latency));
  return text.finish();
}

std::string print_plan(const poller::PlanInUse& plan) {
  JsonArray reads;
  for (const profile::PlannedRead& read : plan.reads) {
    JsonArray blocks;
    for (const std::uint16_t block : read.blocks) {
      std::string name;
      text::append_json_string(name, plan.profile->blocks[block].name);
      blocks.add(name);
    }
    const profile::Block& block = plan.profile->blocks[read.blocks.front()];
    reads.add(JsonText{}
                  .field("table", profile::to_word(read.table))
                  .field("first", read.first)
                  .field("last", read.first + read.count - 1)
                  .field("register_count", read.count)
                  .json("blocks", blocks.finish())
                  .field("is_optional", !block.is_always_read())
                  .finish());
  }
  return JsonText{}.field("is_split", plan.is_split).json("reads", reads.finish()).finish();
}

std::string_view word(modbus::RtuFrame::Kind kind) {
  switch (kind) {
    case modbus::RtuFrame::Kind::response:
      return "answer";
    case modbus::RtuFrame::Kind::request:
      return "request";
    case modbus::RtuFrame::Kind::exception:
      return "exception";
    case modbus::RtuFrame::Kind::other:
      break;
  }
  return "other";
}

std::string print_foreign(const std::optional<poller::ForeignFrame>& frame) {
  if (!frame) return "null";
  return JsonText{}
      .field("kind", word(frame->kind))
      .field("slave_id", frame->unit_id)
      .field("function", frame->function)
      .field("register_count", frame->register_count)
      .field("heard_at", reading::print_timestamp(frame->received_at))
      .finish();
}

std::string print_link(const poller::Diagnostics& diagnostics) {
  const poller::LinkMetrics& link = diagnostics.link;
  JsonArray others;
  for (const std::int64_t id : diagnostics.other_devices) others.add(std::to_string(id));
  JsonText text;
  text.field("address", link.address)
      .field("protocol", profile::to_word(diagnostics.device.address.protocol))
      .field("connected", link.connected)
      .json("other_devices", others.finish())
      .field("connects", link.line.connects)
      .field("connections_lost", link.line.connections_lost)
      .field("garbage_bytes", link.line.garbage_bytes)
      .field("busy_seconds", in_seconds(link.busy))
      .field("utilisation", rounded(link.busy_share))
      .field("utilisation_last_minute", rounded(link.recent_busy_share))
      .field("shared_with_others", link.shared)
      .json("last_foreign_frame", print_foreign(link.last_foreign))
      .field("stray_bytes", link.stray_bytes.empty() ? std::nullopt : std::optional{link.stray_bytes});
  add_counters(text, link.units);
  return text.finish();
}

}  // namespace

std::string print_diagnostics(const registry::Device& device, const poller::Diagnostics& diagnostics,
                              std::optional<std::chrono::milliseconds> cadence) {
  return JsonText{}
      .field("device_id", device.id)
      .field("polled", true)
      .field("not_polled_because", std::optional<std::string>{})
      .json("polling", print_polling(diagnostics.device, cadence))
      .json("unit", print_unit(diagnostics.device))
      .json("read_plan", print_plan(diagnostics.plan))
      .json("link", print_link(diagnostics))
      .finish();
}

std::string print_not_polled(const registry::Device& device, std::string_view why) {
  return JsonText{}
      .field("device_id", device.id)
      .field("polled", false)
      .field("not_polled_because", why)
      .json("polling", "null")
      .json("unit", "null")
      .json("read_plan", "null")
      .json("link", "null")
      .finish();
}

}  // namespace gensetd::daemon
