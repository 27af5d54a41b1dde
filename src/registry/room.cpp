#include "registry/room.hpp"

#include "log/log.hpp"
#include "registry/refusals.hpp"

#include <utility>

namespace gensetd::registry {

void Room::refused(const Refusal& refusal, SteadyTime now) {
  if (refusal.code != code_when_full) return;
  due_ = now + tried_every;
  if (std::exchange(is_full_, true)) return;
  // An administrator reads it in the log, who is not the client that was refused.
  log::error("registry_full")
      .field("error", refusal.message)
      .say("registry: {}; changes are refused until there is room", cause_of(refusal));
}

void Room::stored() {
  if (!std::exchange(is_full_, false)) return;
  log::info("registry_has_room").say("registry: there is room on the disk again, changes are stored");
}

}  // namespace gensetd::registry
