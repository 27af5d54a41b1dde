#include "daemon/daemon_metrics.hpp"

#include "daemon/counter_names.hpp"

#include <chrono>
#include <string>

namespace gensetd::daemon {
namespace {

using measure::MetricFamilies;

void add_build(MetricFamilies& families) {
  families.gauge("gensetd_build_info", "Always 1; the labels identify the program.", 1,
                 {{"version", GENSETD_VERSION}, {"compiler", __VERSION__}});
}

void add_sites(const DaemonMetrics& metrics, MetricFamilies& families) {
  SiteMetrics all;
  for (const auto& [code, site] : metrics.sites) {
    all.devices += site.devices;
    all.online += site.online;
    const measure::MetricLabels label{{"site", code}};
    families.gauge("gensetd_site_devices", "Devices of the site that are polled.",
                   static_cast<double>(site.devices), label);
    families.gauge("gensetd_site_devices_online", "Devices of the site that respond.",
                   static_cast<double>(site.online), label);
  }
  families.gauge("gensetd_devices", "Devices that are polled.", static_cast<double>(all.devices));
  families.gauge("gensetd_devices_online", "Devices that responded in their last cycles.",
                 static_cast<double>(all.online));
}

void add_polling(const poller::PollTotals& polling, MetricFamilies& families) {
  const poller::PollCounters& counters = polling.counters;
  families.counter("gensetd_cycles_total", "Polling cycles that ended.", counters.cycles);
  families.counter("gensetd_cycles_failed_total", "Polling cycles that failed.", counters.failed_cycles);
  families.counter("gensetd_cycles_missed_total", "Cycles skipped because the previous one was late.",
                   counters.slots_missed);
  families.counter("gensetd_retries_total", "Requests repeated within a cycle.", counters.retries);
  families.histogram("gensetd_cycle_start_delay_seconds", "From the slot of a cycle to its start.",
                     polling.start_delay);
  families.histogram("gensetd_cycle_duration_seconds", "From the start of a cycle to its last response.",
                     polling.cycle_time);
  families.histogram("gensetd_answer_latency_seconds", "From sending a request to the end of its response.",
                     polling.response_time);
  for (std::size_t index = 0; index < poller::error_kind_count; ++index) {
    const auto kind = static_cast<poller::ErrorKind>(index);
    families.counter("gensetd_request_errors_total", "Requests that ended without registers, by kind.",
                     polling.errors[kind], {{"kind", std::string{word(kind)}}});
  }
}

void add_links(const link::PoolTotals& links, MetricFamilies& families) {
  const auto gauge = [&](std::string_view name, std::string_view help, double value) {
    families.gauge(name, help, value);
  };
  gauge("gensetd_links", "Addresses of controllers and converters that are used.",
        static_cast<double>(links.links));
  gauge("gensetd_links_connected", "Of these, connected.", static_cast<double>(links.connected));
  gauge("gensetd_links_shared", "Of these, with a foreign frame within ten minutes.",
        static_cast<double>(links.shared));
  const double mean = links.links == 0 ? 0 : links.recent_busy_share_sum / static_cast<double>(links.links);
  gauge("gensetd_links_utilisation_mean_ratio", "Share of the last minute in which a request was pending.",
        mean);
  gauge("gensetd_links_utilisation_max_ratio", "The same, of the busiest link.", links.recent_busy_share_max);
  families.seconds_counter("gensetd_links_busy_seconds_total",
                           "Time in which a request was pending, all links together.", links.busy);
  families.counter("gensetd_links_connects_total", "Connections opened.", links.lines.connects);
  families.counter("gensetd_links_connections_lost_total",
                   "Connections closed by the peer, or abandoned because it did not respond.",
                   links.lines.connections_lost);
  families.counter("gensetd_links_garbage_bytes_total", "Bytes that belong to no valid frame.",
                   links.lines.garbage_bytes);
  for (const UnitCounter& each : unit_counters) {
    const std::string name = "gensetd_links_" + std::string{each.name} + "_total";
    families.counter(name, each.help, links.units.*each.value);
  }
}

void add_registry(const DaemonMetrics& metrics, MetricFamilies& families) {
  families.gauge("gensetd_registry_up", "Whether the registry's database responds.",
                 metrics.registry_up ? 1 : 0);
  families.gauge("gensetd_registry_full",
                 "Whether the database refuses changes or events because its disk is full.",
                 metrics.registry_full ? 1 : 0);
  families.histogram("gensetd_registry_request_duration_seconds",
                     "From a change of the registry to its result, waiting included.",
                     metrics.registry.request_time);
  families.counter("gensetd_registry_unavailable_total",
                   "Requests to the database refused because it was unreachable or the queue was full.",
                   metrics.registry.unavailable);
  families.gauge("gensetd_registry_waiting", "Pending requests to the database.",
                 static_cast<double>(metrics.registry.waiting));
}

// The journal of events, in the registry's database.
void add_events(const DaemonMetrics& metrics, MetricFamilies& families) {
  const events::EventMetrics& events = metrics.events;
  families.gauge("gensetd_alarms_open", "Alarms that are active or not acknowledged.",
                 static_cast<double>(events.open_alarms));
  families.counter("gensetd_events_recorded_total", "New events, and changes of their state.",
                   events.recorded);
  families.counter("gensetd_events_written_total",
                   "Events, and changes of their state, that the database stored.", events.written);
  families.counter("gensetd_events_dropped_total",
                   "Events dropped because the queue for the database was full.", events.dropped);
  families.gauge("gensetd_events_waiting", "Events that wait for the database.",
                 static_cast<double>(events.waiting));
  families.histogram("gensetd_events_database_duration_seconds",
                     "From a read or a write of events to its result, waiting included.",
                     metrics.registry.module_time);
}

void add_history(const history::HistoryMetrics& history, MetricFamilies& families) {
  families.gauge("gensetd_history_devices", "Devices of which readings are in memory.",
                 static_cast<double>(history.devices));
  families.gauge("gensetd_history_bytes", "Memory of these readings.", static_cast<double>(history.bytes));
  families.gauge("gensetd_history_limit_bytes", "HISTORY_MEMORY: beyond it the oldest readings are dropped.",
                 static_cast<double>(history.bytes_max));
  families.gauge("gensetd_history_span_seconds", "From the oldest reading in memory to the newest.",
                 std::chrono::duration<double>(history.span).count());
}

// Threads, connections and tasks of the daemon itself.
void add_supervision(const DaemonMetrics& metrics, MetricFamilies& families) {
  const auto gauge = [&](std::string_view name, std::string_view help, std::size_t value) {
    families.gauge(name, help, static_cast<double>(value));
  };
  gauge("gensetd_poll_threads", "Polling threads.", metrics.poll_threads);
  gauge("gensetd_poll_threads_hanging", "Of these, not responding for more than 5 s.",
        metrics.poll_threads_hanging);
  gauge("gensetd_links_connections_max", "Connections to controllers that the limit of open files allows.",
        metrics.connections_max);
  gauge("gensetd_links_without_descriptor", "Addresses not connected because of that limit.",
        metrics.without_descriptor);
  for (std::size_t task = 0; task < supervision::task_count; ++task) {
    families.counter("gensetd_task_exceptions_total", "Tasks that an unexpected error ended, by kind.",
                     metrics.exceptions[task],
                     {{"task", std::string{supervision::word(static_cast<supervision::Task>(task))}}});
  }
}

}  // namespace

void add_metrics(const DaemonMetrics& metrics, MetricFamilies& families) {
  add_build(families);
  add_sites(metrics, families);
  add_polling(metrics.polling, families);
  add_links(metrics.links, families);
  add_registry(metrics, families);
  add_events(metrics, families);
  add_history(metrics.history, families);
  add_supervision(metrics, families);
  families.counter(
      "gensetd_log_lines_dropped_total",
      "Log lines dropped because the queue was full, or lost because standard error did not accept them.",
      metrics.log_lines_dropped);
}

}  // namespace gensetd::daemon
