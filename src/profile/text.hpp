#pragma once

#include <string>

namespace gensetd::profile {

// A text for people in the two languages of the dashboard.
struct Text {
  std::string en;
  std::string ru;

  bool operator==(const Text&) const = default;
};

}  // namespace gensetd::profile
