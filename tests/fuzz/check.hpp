#pragma once

#include <cstdlib>

// What must hold of any input; a failure is a finding.
inline void check(bool holds) {
  if (!holds) std::abort();
}
