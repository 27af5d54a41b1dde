#pragma once

#include "sockets.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <vector>

namespace gensetd::bench {

// Command line of a measurement: NAME [AMOUNT [COUNTS…]].
struct Arguments {
  double amount = 0;  // seconds, say
  std::vector<std::uint32_t> counts;
};

// Calls measure(arguments); `otherwise` contains the defaults. Returns the exit status: 0 if it returns true,
// 1 if false, 2 if it throws std::exception.
template <class Measure>
int run_measurement(const char* name, int argc, char** argv, Arguments otherwise, Measure measure) {
  try {
    raise_descriptor_limit();
    if (argc > 1) otherwise.amount = std::atof(argv[1]);
    if (argc > 2) otherwise.counts.clear();
    for (int index = 2; index < argc; ++index)
      otherwise.counts.push_back(static_cast<std::uint32_t>(std::atoi(argv[index])));
    return measure(otherwise) ? 0 : 1;
  } catch (const std::exception& failure) {
    fmt::print(stderr, "{}: {}\n", name, failure.what());
    return 2;
  }
}

}  // namespace gensetd::bench
