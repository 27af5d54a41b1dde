#pragma once

#include "profile/catalog.hpp"
#include "profile/stored_profiles.hpp"
#include "registry/edits.hpp"
#include "registry/store.hpp"
#include "registry/types.hpp"

#include <memory>
#include <optional>
#include <string>
#include <variant>

namespace gensetd::registry {

// The upload of a register map, or its removal.
struct ProfileChange {
  std::string name;
  std::optional<std::string> toml;  // empty: remove it
  std::string changed_by;
  bool is_forced = false;  // although devices lose fields
};

// The files of all stored profiles whose rows are sound.
profile::ProfileTexts texts_of(const std::map<std::string, StoredProfile>& profiles);

// Why the change must not be made. `base` are the profiles that are built in or in files. Pure.
std::optional<Refusal> check_profile_change(const profile::Catalog& base, const Directory& directory,
                                            const ProfileChange& change);

// Runs the change as one transaction, like the functions of edits.hpp.
Result<std::monostate> change_profile(Store& store, const profile::Catalog& base, const ProfileChange& change,
                                      Timestamp now, RowChange<StoredProfile>* row_change = nullptr);

}  // namespace gensetd::registry
