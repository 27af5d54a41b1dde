#pragma once

#include "registry/store.hpp"
#include "registry/types.hpp"
#include "registry/validation.hpp"

#include <boost/json/object.hpp>

#include <cstddef>
#include <string_view>

namespace gensetd::registry {

// What `gensetd registry export` wrote, as it stands in the file: ids stay what they are, for Redis keys and
// other programs name them.
struct Imported {
  std::size_t sites = 0;
  std::size_t devices = 0;
};

inline constexpr std::string_view export_format = "gensetd registry 1";

// Stores the whole document in one transaction, or nothing of it. Each row is validated as a request is; the
// refusal's message names the row, such as devices[3]. Only an empty registry takes an import. Throws what
// the store throws. `now`: the time of rows that name none.
Result<Imported> import_document(Store& store, const boost::json::object& document,
                                 const ProfileNames& profiles, Timestamp now);

}  // namespace gensetd::registry
