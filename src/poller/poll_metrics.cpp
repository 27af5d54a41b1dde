#include "poller/poll_metrics.hpp"

#include <utility>

namespace gensetd::poller {

using std::chrono::milliseconds;

PollCounters& PollCounters::operator+=(const PollCounters& other) {
  cycles += other.cycles;
  failed_cycles += other.failed_cycles;
  retries += other.retries;
  slots_missed += other.slots_missed;
  return *this;
}

PollTotals& PollTotals::operator+=(const PollTotals& other) {
  counters += other.counters;
  errors += other.errors;
  start_delay += other.start_delay;
  cycle_time += other.cycle_time;
  response_time += other.response_time;
  return *this;
}

LinkMetrics metrics_of(std::string address, const link::Conversation& conversation, SteadyTime now,
                       reading::Timestamp wall) {
  LinkMetrics metrics{.address = std::move(address),
                      .connected = conversation.connected(),
                      .shared = conversation.shared(now),
                      .stray_bytes = conversation.stray_bytes(),
                      .line = conversation.line(),
                      .units = conversation.sum_of_units(),
                      .busy = conversation.busy().total(now),
                      .busy_share = conversation.busy().share(now),
                      .recent_busy_share = conversation.busy().recent_share(now)};
  if (const auto received_at = conversation.last_foreign_at()) {
    const modbus::RtuFrame& frame = conversation.last_foreign();
    metrics.last_foreign = {.kind = frame.kind,
                            .unit_id = frame.unit_id,
                            .function = frame.function,
                            .register_count = frame.count,
                            .received_at = wall - std::chrono::floor<milliseconds>(now - *received_at)};
  }
  return metrics;
}

}  // namespace gensetd::poller
