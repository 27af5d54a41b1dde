#pragma once

#include <algorithm>
#include <vector>

namespace gensetd::bench {

inline double median(std::vector<double> metrics) {
  std::ranges::sort(metrics);
  return metrics.at(metrics.size() / 2);
}

}  // namespace gensetd::bench
