#include "poller/diagnostics.hpp"

#include <utility>

namespace gensetd::poller {
namespace {

using std::chrono::milliseconds;

link::Counters sum_of(const std::map<std::uint8_t, link::Counters>& units) {
  link::Counters sum;
  for (const auto& [id, unit] : units) {
    sum.requests += unit.requests;
    sum.answers += unit.answers;
    sum.exceptions += unit.exceptions;
    sum.timeouts += unit.timeouts;
    sum.broken_frames += unit.broken_frames;
    sum.foreign_frames += unit.foreign_frames;
    sum.late_answers += unit.late_answers;
    sum.doubled_answers += unit.doubled_answers;
    sum.confirmations += unit.confirmations;
    sum.doubts += unit.doubts;
  }
  return sum;
}

}  // namespace

LinkFigures figures_of(std::string address, const link::Conversation& conversation, SteadyTime now,
                       reading::Timestamp wall) {
  LinkFigures figures{.address = std::move(address),
                      .connected = conversation.connected(),
                      .shared = conversation.shared(now),
                      .line = conversation.line(),
                      .units = sum_of(conversation.units()),
                      .busy = conversation.busy().total(now),
                      .busy_share = conversation.busy().share(now),
                      .recent_busy_share = conversation.busy().recent_share(now)};
  if (const auto heard_at = conversation.last_foreign_at()) {
    const modbus::RtuFrame& frame = conversation.last_foreign();
    figures.last_foreign = {.kind = frame.kind,
                            .unit_id = frame.unit_id,
                            .function = frame.function,
                            .register_count = frame.count,
                            .heard_at = wall - std::chrono::floor<milliseconds>(now - *heard_at)};
  }
  return figures;
}

}  // namespace gensetd::poller
