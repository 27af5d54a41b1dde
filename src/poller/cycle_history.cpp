#include "poller/cycle_history.hpp"

namespace gensetd::poller {

std::optional<double> CycleCounts::success_rate() const {
  if (cycles() == 0) return std::nullopt;
  return static_cast<double>(succeeded) / static_cast<double>(cycles());
}

CycleCounts& CycleCounts::operator+=(const CycleCounts& other) {
  succeeded += other.succeeded;
  failed += other.failed;
  return *this;
}

void CycleHistory::note(bool succeeded, SteadyTime now) {
  CycleCounts& minute = minutes_.at(now);
  ++(succeeded ? minute.succeeded : minute.failed);
}

}  // namespace gensetd::poller
