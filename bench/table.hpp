#pragma once

#include <algorithm>
#include <vector>

namespace gensetd::bench {

inline double median(std::vector<double> figures) {
  std::ranges::sort(figures);
  return figures.at(figures.size() / 2);
}

}  // namespace gensetd::bench
