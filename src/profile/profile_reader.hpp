#pragma once

#include "profile/document.hpp"
#include "profile/profile.hpp"

#include <string>
#include <string_view>

namespace gensetd::profile {

// The name of a profile and of its base. Needed before the file can be read.
struct ProfileHeader {
  std::string name;
  unsigned name_line = 0;
  std::string extends;  // empty for none
  unsigned extends_line = 0;
};

// Throws ProfileError.
ProfileHeader read_header(const TomlNode& document, std::string_view file);

// The profile of the file, complete and checked. `base` is the profile that it extends, or null. Throws
// ProfileError.
Profile read_profile(const TomlNode& document, std::string_view file, const Profile* base);

}  // namespace gensetd::profile
