#pragma once

#include <cstdint>

namespace gensetd::profile {

// What a field measures or shows, independent of its name: an index in the table of roles.hpp.
enum class Role : std::uint8_t {};

// What a code of a field means. The words are in roles.hpp; each role of kind code allows some of them.
enum class Meaning : std::uint8_t {
  stopped,
  starting,
  running,
  stopping,
  fault,
  open,
  closing,  // does not conduct yet
  closed,
  opening,  // still conducts
  normal,
  normal_delay,
  abnormal,
  abnormal_delay,
  automatic,
  manual,
  stop,
  test
};

}  // namespace gensetd::profile
