#pragma once

#include "registry/store.hpp"
#include "registry/types.hpp"
#include "registry/validation.hpp"

#include <boost/json/object.hpp>

#include <cstdint>
#include <variant>

namespace gensetd::registry {

// One request each, as one transaction: read what is there, validate, check what only the database knows,
// write. Nothing is stored when it is refused. Throws what the store throws. `now` is the time of the edit:
// updated_at takes it when something really changes, and never goes back when the clock does.
Result<Site> create_site(Store& store, const boost::json::object& body, Timestamp now);
Result<Site> update_site(Store& store, std::int64_t id, const boost::json::object& body, Timestamp now);
Result<std::monostate> remove_site(Store& store, std::int64_t id);
Result<Device> create_device(Store& store, const boost::json::object& body, const ProfileNames& profiles,
                             Timestamp now);
Result<Device> update_device(Store& store, std::int64_t id, const boost::json::object& body,
                             const ProfileNames& profiles, Timestamp now);
Result<std::monostate> remove_device(Store& store, std::int64_t id);

}  // namespace gensetd::registry
