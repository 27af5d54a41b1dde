#pragma once

#include "profile/catalog.hpp"

#include <initializer_list>
#include <map>
#include <set>
#include <string>
#include <string_view>

namespace gensetd::registry {

// The names of all profiles and of their fields.
class ProfileNames {
 public:
  ProfileNames(std::initializer_list<std::string> names) {  // without fields
    for (const std::string& name : names) fields_[name];
  }
  explicit ProfileNames(const profile::Catalog& catalog);

  // A profile that exists and cannot be read now: it may have any field.
  void add_unreadable(std::string name) { unreadable_.insert(std::move(name)); }

  bool has(std::string_view profile) const {
    return fields_.find(profile) != fields_.end() || unreadable_.contains(profile);
  }
  bool has_field(std::string_view profile, std::string_view field) const {
    const auto found = fields_.find(profile);
    return unreadable_.contains(profile) || (found != fields_.end() && found->second.contains(field));
  }
  std::string list() const;  // "hgm9520n, hgm9560"

 private:
  std::map<std::string, std::set<std::string, std::less<>>, std::less<>> fields_;
  std::set<std::string, std::less<>> unreadable_;
};

}  // namespace gensetd::registry
