#include "app/figures.hpp"

#include <cstdint>
#include <string>

namespace gensetd::app {

void add_figures(const Figures& figures, http::MetricFamilies& families) {
  const auto add = [&](const http::Metric& metric, std::uint64_t value) {
    families.add(metric, "", std::to_string(value));
  };
  const poller::Counters& counters = figures.counters;
  add({"gensetd_devices", "gauge", "Devices that are polled."}, figures.devices);
  add({"gensetd_devices_online", "gauge", "Devices that answered in their last cycles."},
      figures.devices_online);
  add({"gensetd_cycles_total", "counter", "Polling cycles that ended."}, counters.cycles);
  add({"gensetd_cycles_failed_total", "counter", "Polling cycles that failed."}, counters.failed_cycles);
  add({"gensetd_retries_total", "counter", "Requests asked a second time within a cycle."}, counters.retries);
  add({"gensetd_cycles_missed_total", "counter", "Cycles left out because the one before was late."},
      counters.slots_missed);
  add({"gensetd_registry_up", "gauge", "Whether the registry's database answers."},
      figures.registry_up ? 1 : 0);
  if (figures.redis_configured)
    add({"gensetd_redis_up", "gauge", "Whether Redis answers."}, figures.redis_up ? 1 : 0);
}

}  // namespace gensetd::app
