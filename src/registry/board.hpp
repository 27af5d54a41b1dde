#pragma once

#include "registry/figures.hpp"
#include "registry/service.hpp"

#include <cstddef>

namespace gensetd::registry {

// What the executor's thread knows: the copy of the database, who listens, how it went last. The worker's
// answers arrive here in the order in which the database took the changes. Only on the executor's thread.
class Board {
 public:
  Directory directory;
  ChangeListener* listener = nullptr;
  Figures figures;
  bool healthy = true;

  // One change by this program. What is no change is not told.
  void put(const Site& site);
  void put(const Device& device);
  void erase_site(std::int64_t id);
  void erase_device(std::int64_t id);

  // Everything again, after another program changed the database or it came back.
  void replace(Directory whole);
};

}  // namespace gensetd::registry
