#pragma once

#include <cstdio>
#include <cstdlib>
#include <source_location>

// A property that holds for every input. A failure aborts: it is a finding.
inline void check(bool holds, std::source_location where = std::source_location::current()) {
  if (holds) return;
  std::fprintf(stderr, "%s:%u: a property does not hold\n", where.file_name(),
               static_cast<unsigned>(where.line()));
  std::abort();
}
