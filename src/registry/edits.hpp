#pragma once

#include "registry/store.hpp"
#include "registry/types.hpp"
#include "registry/validation.hpp"

#include <boost/json/object.hpp>

#include <cstdint>
#include <optional>
#include <variant>

namespace gensetd::registry {

// One request each, as one transaction: read what is there, validate, check what only the database knows,
// write. Nothing is stored when it is refused. Throws what the store throws. `now` is the time of the edit:
// updated_at takes it when something really changes, and never goes back when the clock does. `before`, when
// given, receives the row as it was.
Result<Site> create_site(Store& store, const boost::json::object& body, Timestamp now);
Result<Site> update_site(Store& store, std::int64_t id, const boost::json::object& body, Timestamp now,
                         std::optional<Site>* before = nullptr);
Result<std::monostate> remove_site(Store& store, std::int64_t id, std::optional<Site>* before = nullptr);
Result<Device> create_device(Store& store, const boost::json::object& body, const ProfileNames& profiles,
                             Timestamp now);
Result<Device> update_device(Store& store, std::int64_t id, const boost::json::object& body,
                             const ProfileNames& profiles, Timestamp now,
                             std::optional<Device>* before = nullptr);
Result<std::monostate> remove_device(Store& store, std::int64_t id, std::optional<Device>* before = nullptr);

// Whether the topology of a site names devices of it alone.
std::optional<Refusal> check_topology(Store& store, const Site& site);

}  // namespace gensetd::registry
