#pragma once

#include <stdexcept>

namespace gensetd::commands {

// An option with an invalid value. what() names the option, its value (never a secret) and what is allowed.
struct BadOption : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace gensetd::commands
