#pragma once

#include "profile/catalog.hpp"

#include <map>
#include <set>
#include <string>

namespace gensetd::profile {

// The files of profiles that are stored in the database, by name.
using ProfileTexts = std::map<std::string, std::string, std::less<>>;

// A catalog with stored profiles, and what is needed to make the next one. A stored profile whose text and
// base have not changed keeps its ProfilePtr, so that its devices go on as before.
struct StoredProfiles {
  struct Entry {
    std::string text;
    ProfilePtr base;  // null: it extends none
    ProfilePtr profile;
  };

  Catalog catalog;  // those without stored ones, and `entries`
  std::map<std::string, Entry, std::less<>> entries;
  std::map<std::string, std::string, std::less<>> unusable;  // by name, the problem as a line for people
  // Those of them that extend a profile of a file or of the database: the reason may be there.
  std::set<std::string, std::less<>> unusable_derived;
};

// `base` are the built-in profiles and those of a directory; a stored profile never replaces one of these.
// `before` is the last result, or empty. A file that cannot be used is left out. Never throws because of a
// file.
StoredProfiles with_stored(const Catalog& base, const ProfileTexts& texts, const StoredProfiles& before);

}  // namespace gensetd::profile
