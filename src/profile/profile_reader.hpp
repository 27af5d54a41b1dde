#pragma once

#include "profile/document.hpp"
#include "profile/profile.hpp"

#include <string>
#include <string_view>

namespace gensetd::profile {

// Which profile a file is, and from which it is derived: what must be known before it can be read.
struct Heading {
  std::string name;
  unsigned name_line = 0;
  std::string extends;  // empty for none
  unsigned extends_line = 0;
};

// Throws ProfileError.
Heading read_heading(const Node& document, std::string_view file);

// The file's profile, complete and checked. `base` is the profile that it extends, or null. Throws
// ProfileError.
Profile read_profile(const Node& document, std::string_view file, const Profile* base);

}  // namespace gensetd::profile
