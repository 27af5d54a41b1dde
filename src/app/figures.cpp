#include "app/figures.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <string_view>

namespace gensetd::app {
namespace {

std::string metric(std::string_view name, std::string_view type, std::string_view help, std::uint64_t value) {
  return fmt::format("# HELP {0} {2}\n# TYPE {0} {1}\n{0} {3}\n", name, type, help, value);
}

}  // namespace

std::string print_figures(const Figures& figures) {
  std::string text;
  text += metric("gensetd_devices", "gauge", "Devices that are polled.", figures.devices);
  text += metric("gensetd_devices_online", "gauge", "Devices that answered in their last cycles.",
                 figures.devices_online);
  text += metric("gensetd_cycles_total", "counter", "Polling cycles that ended.", figures.counters.cycles);
  text += metric("gensetd_cycles_failed_total", "counter", "Polling cycles that failed.",
                 figures.counters.failed_cycles);
  text += metric("gensetd_retries_total", "counter", "Requests asked a second time within a cycle.",
                 figures.counters.retries);
  text += metric("gensetd_cycles_missed_total", "counter", "Cycles left out because the one before was late.",
                 figures.counters.slots_missed);
  text += metric("gensetd_registry_up", "gauge", "Whether the registry's database answers.",
                 figures.registry_up ? 1 : 0);
  if (figures.redis_configured)
    text += metric("gensetd_redis_up", "gauge", "Whether Redis answers.", figures.redis_up ? 1 : 0);
  return text;
}

}  // namespace gensetd::app
