#pragma once

#include "profile/profile.hpp"
#include "profile/profile_error.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>

namespace gensetd::profile {

struct ProfileHeader;

// The name of the built-in profile that a device of this type has unless another is stated.
std::string_view default_profile(DeviceType type);

// Where a profile comes from.
enum class Origin : std::uint8_t { built_in, file, database };
std::string_view to_word(Origin origin);

// All profiles, by name: those built into the program, and those of a directory. A file of the directory adds
// a profile, or replaces one by the name inside the file. Profiles are immutable. The daemon has one catalog
// that is in force; it is assigned and read on the thread of the daemon's context only.
class Catalog {
 public:
  // The built-in profiles alone.
  static Catalog built_in();

  // The built-in profiles with every *.toml of `directory` added (in the order of file names; `extends` may
  // name a built-in profile or one of the same directory). Throws ProfileError.
  static Catalog with_directory(const std::filesystem::path& directory);

  // Reads the text of one file. `file` is its name for messages; `extends` is looked up in this catalog.
  // Throws ProfileError.
  ProfilePtr parse(std::string_view text, std::string_view file) const;

  // Null when there is no such profile.
  ProfilePtr find(std::string_view name) const;
  const std::map<std::string, ProfilePtr, std::less<>>& all() const { return profiles_; }
  Origin origin_of(std::string_view name) const;  // built_in for a name that does not exist

  // Adds a profile, or replaces the one of this name.
  void add(ProfilePtr profile, Origin origin);

 private:
  // The profile named by `extends`, or null without `extends`. Throws ProfileError for an unknown name.
  ProfilePtr base_of(const ProfileHeader& header, std::string_view file) const;

  std::map<std::string, ProfilePtr, std::less<>> profiles_;
  std::map<std::string, Origin, std::less<>> origins_;  // other than built_in
};

}  // namespace gensetd::profile
