#pragma once

#include "profile/catalog.hpp"
#include "registry/store.hpp"
#include "registry/types.hpp"
#include "registry/validation.hpp"

#include <boost/json/object.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace gensetd::registry {

// Numbers of imported rows.
struct Imported {
  std::size_t sites = 0;
  std::size_t devices = 0;
  std::size_t profiles = 0;
  // Why some of the profiles cannot be used now, as lines for people. They extend profiles that have changed,
  // or that are files which are missing here.
  std::vector<std::string> unusable_profiles;
};

inline constexpr std::string_view export_format = "gensetd registry 1";

// Stores a document of `gensetd registry export` in one transaction, or nothing. Ids are kept, as Redis keys
// and other programs contain them; so the registry must be empty. Each row is validated like a request; the
// message of a refusal names the row, such as devices[3]. Throws what Store throws. `base`: the profiles that
// are built in or in files. `now`: the time of rows without times.
Result<Imported> import_document(Store& store, const boost::json::object& document,
                                 const profile::Catalog& base, Timestamp now);

}  // namespace gensetd::registry
