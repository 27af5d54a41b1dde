#pragma once

#include <stdexcept>

namespace gensetd::app {

// An option that cannot be used; what() names it, its value (never a secret) and what is allowed.
struct BadOption : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace gensetd::app
