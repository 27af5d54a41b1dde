#include "registry/profile_names.hpp"

namespace gensetd::registry {

ProfileNames::ProfileNames(const profile::Catalog& catalog) {
  for (const auto& [name, profile] : catalog.all()) {
    auto& fields = fields_[name];
    for (const profile::Field& field : profile->fields) fields.insert(field.name);
  }
}

std::string ProfileNames::list() const {
  std::string text;
  for (const auto& [name, fields] : fields_) text += (text.empty() ? "" : ", ") + name;
  return text;
}

}  // namespace gensetd::registry
