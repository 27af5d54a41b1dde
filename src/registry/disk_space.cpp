#include "registry/disk_space.hpp"

#include "log/log.hpp"
#include "registry/refusals.hpp"

#include <utility>

namespace gensetd::registry {

void DiskSpace::note_refused(const Refusal& refusal, SteadyTime now) {
  if (refusal.code != code_when_full) return;
  test_due_ = now + test_interval;
  if (std::exchange(is_full_, true)) return;
  // Only the client sees the refusal; the administrator sees this line.
  log::error("registry_full")
      .field("error", refusal.message)
      .say("registry: {}; changes are refused until there is room", cause_of(refusal));
}

void DiskSpace::note_stored() {
  if (!std::exchange(is_full_, false)) return;
  log::info("registry_has_room").say("registry: there is room on the disk again, changes are stored");
}

}  // namespace gensetd::registry
