#include "app/figures.hpp"

#include "app/counter_names.hpp"

#include <chrono>
#include <string>

namespace gensetd::app {
namespace {

using http::MetricFamilies;

void add_build(MetricFamilies& families) {
  families.gauge("gensetd_build_info", "Always 1; the labels tell which program this is.", 1,
                 {{"version", GENSETD_VERSION}, {"compiler", __VERSION__}});
}

void add_sites(const Figures& figures, MetricFamilies& families) {
  SiteFigures all;
  for (const auto& [code, site] : figures.sites) {
    all.devices += site.devices;
    all.online += site.online;
    const http::MetricLabels label{{"site", code}};
    families.gauge("gensetd_site_devices", "Devices of the site that are polled.",
                   static_cast<double>(site.devices), label);
    families.gauge("gensetd_site_devices_online", "Devices of the site that answer.",
                   static_cast<double>(site.online), label);
  }
  families.gauge("gensetd_devices", "Devices that are polled.", static_cast<double>(all.devices));
  families.gauge("gensetd_devices_online", "Devices that answered in their last cycles.",
                 static_cast<double>(all.online));
}

void add_polling(const poller::Totals& polling, MetricFamilies& families) {
  const poller::Counters& counters = polling.counters;
  families.counter("gensetd_cycles_total", "Polling cycles that ended.", counters.cycles);
  families.counter("gensetd_cycles_failed_total", "Polling cycles that failed.", counters.failed_cycles);
  families.counter("gensetd_cycles_missed_total", "Cycles left out because the one before was late.",
                   counters.slots_missed);
  families.counter("gensetd_retries_total", "Requests asked a second time within a cycle.", counters.retries);
  families.histogram("gensetd_cycle_start_delay_seconds", "From the slot of a cycle to its start.",
                     polling.start_delay);
  families.histogram("gensetd_cycle_duration_seconds", "From the start of a cycle to its last answer.",
                     polling.cycle_time);
  families.histogram("gensetd_answer_latency_seconds", "From a request on the wire to the end of its answer.",
                     polling.answer_time);
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
  gauge("gensetd_links_shared", "Of these, with somebody else on the line within ten minutes.",
        static_cast<double>(links.shared));
  const double mean = links.links == 0 ? 0 : links.recent_busy_share_sum / static_cast<double>(links.links);
  gauge("gensetd_links_utilisation_mean_ratio", "Share of the last minute that a request was under way.",
        mean);
  gauge("gensetd_links_utilisation_max_ratio", "The same, of the busiest link.", links.recent_busy_share_max);
  families.seconds_counter("gensetd_links_busy_seconds_total",
                           "Time that a request was under way, all links together.", links.busy);
  families.counter("gensetd_links_connects_total", "Connections opened.", links.lines.connects);
  families.counter("gensetd_links_connections_lost_total",
                   "Connections closed by the peer, or given up as it stayed silent.",
                   links.lines.connections_lost);
  families.counter("gensetd_links_garbage_bytes_total", "Bytes that belong to no good frame.",
                   links.lines.garbage_bytes);
  for (const UnitCounter& each : unit_counters) {
    const std::string name = "gensetd_links_" + std::string{each.name} + "_total";
    families.counter(name, each.help, links.units.*each.value);
  }
}

void add_registry(const Figures& figures, MetricFamilies& families) {
  families.gauge("gensetd_registry_up", "Whether the registry's database answers.",
                 figures.registry_up ? 1 : 0);
  families.gauge("gensetd_registry_full",
                 "Whether the disk of the registry's database takes no changes or no events.",
                 figures.registry_full ? 1 : 0);
  families.histogram("gensetd_registry_request_duration_seconds",
                     "From a change of the registry to its answer, waiting included.",
                     figures.registry.request_time);
  families.counter("gensetd_registry_unavailable_total",
                   "Requests to the database refused, as it was away or too many were waiting.",
                   figures.registry.unavailable);
  families.gauge("gensetd_registry_waiting", "Requests to the database without an answer yet.",
                 static_cast<double>(figures.registry.waiting));
}

// The journal of events, in the registry's database.
void add_events(const Figures& figures, MetricFamilies& families) {
  const events::Figures& events = figures.events;
  families.gauge("gensetd_alarms_open", "Alarms that are active, or were not acknowledged.",
                 static_cast<double>(events.open_alarms));
  families.counter("gensetd_events_recorded_total", "New events, and changes of their state.",
                   events.recorded);
  families.counter("gensetd_events_written_total",
                   "Events, and changes of their state, that the database took.", events.written);
  families.counter("gensetd_events_dropped_total", "Events not kept, as too many waited for the database.",
                   events.dropped);
  families.gauge("gensetd_events_waiting", "Events that wait for the database.",
                 static_cast<double>(events.waiting));
  families.histogram("gensetd_events_database_duration_seconds",
                     "From a read or a write of events to the database's answer, waiting included.",
                     figures.registry.guest_time);
}

void add_history(const history::Figures& history, MetricFamilies& families) {
  families.gauge("gensetd_history_devices", "Devices of which readings are held in memory.",
                 static_cast<double>(history.devices));
  families.gauge("gensetd_history_bytes", "Memory of the readings that are held.",
                 static_cast<double>(history.bytes));
  families.gauge("gensetd_history_limit_bytes", "HISTORY_MEMORY: beyond it the oldest readings go.",
                 static_cast<double>(history.bytes_max));
  families.gauge("gensetd_history_span_seconds", "From the oldest reading that is held to the newest.",
                 std::chrono::duration<double>(history.span).count());
}

void add_redis(const redis::Figures& redis, bool up, MetricFamilies& families) {
  families.gauge("gensetd_redis_up", "Whether Redis answers and takes every reading.", up ? 1 : 0);
  families.counter("gensetd_redis_readings_written_total", "Readings that Redis took.", redis.written);
  families.counter("gensetd_redis_readings_refused_total", "Readings that Redis refused.", redis.refused);
  families.counter("gensetd_redis_readings_conflated_total",
                   "Readings not written, as a newer one of the device came first.", redis.conflated);
  families.counter("gensetd_redis_messages_received_total",
                   "Messages of metrics:updates received, own ones included.", redis.received);
  families.counter("gensetd_redis_messages_dropped_total", "Of these, no readings.", redis.not_readings);
  families.gauge("gensetd_redis_shared_hashes",
                 "Devices polled here whose hash another process writes too; set REDIS_PREFIX.",
                 static_cast<double>(redis.shared_hashes));
  families.counter("gensetd_redis_shared_messages_total",
                   "Readings of devices polled here that another process published.", redis.of_own_devices);
  families.gauge("gensetd_redis_foreign_devices", "Devices of which readings of other processes are held.",
                 static_cast<double>(redis.foreign_devices));
  families.counter("gensetd_redis_foreign_dropped_total",
                   "Readings of other processes dropped, as those of too many devices are held.",
                   redis.no_room);
  families.counter("gensetd_redis_connections_lost_total", "Connections to Redis lost.", redis.losses);
  families.histogram("gensetd_redis_write_duration_seconds",
                     "From a reading's transaction handed to the socket to its answer.", redis.answer_time);
  families.counter("gensetd_redis_events_dropped_total",
                   "Events not published on events:new, as Redis was away or too many waited.",
                   redis.announcements_dropped);
  families.gauge("gensetd_redis_waiting", "Readings and removals not sent yet.",
                 static_cast<double>(redis.waiting));
  families.gauge("gensetd_redis_unanswered", "Transactions sent and not answered yet.",
                 static_cast<double>(redis.unanswered));
}

// How the program itself is.
void add_supervision(const Figures& figures, MetricFamilies& families) {
  const auto gauge = [&](std::string_view name, std::string_view help, std::size_t value) {
    families.gauge(name, help, static_cast<double>(value));
  };
  gauge("gensetd_poll_threads", "Polling threads.", figures.poll_threads);
  gauge("gensetd_poll_threads_hanging", "Of these, not responding for more than 5 s.",
        figures.poll_threads_hanging);
  gauge("gensetd_links_connections_max", "Connections to controllers that the limit of open files allows.",
        figures.connections_max);
  gauge("gensetd_links_without_descriptor", "Addresses not connected because of that limit.",
        figures.without_descriptor);
  for (std::size_t task = 0; task < supervision::task_count; ++task) {
    families.counter("gensetd_task_exceptions_total", "Tasks that ended by an unexpected error, by kind.",
                     figures.exceptions[task],
                     {{"task", std::string{supervision::word(static_cast<supervision::Task>(task))}}});
  }
}

}  // namespace

void add_figures(const Figures& figures, MetricFamilies& families) {
  add_build(families);
  add_sites(figures, families);
  add_polling(figures.polling, families);
  add_links(figures.links, families);
  add_registry(figures, families);
  add_events(figures, families);
  add_history(figures.history, families);
  if (figures.redis) add_redis(*figures.redis, figures.redis_up, families);
  add_supervision(figures, families);
  families.counter(
      "gensetd_log_lines_dropped_total",
      "Log lines dropped, the oldest first, as standard error was not read, or lost, as it took none.",
      figures.log_lines_dropped);
}

}  // namespace gensetd::app
