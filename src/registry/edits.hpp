#pragma once

#include "registry/store.hpp"
#include "registry/types.hpp"
#include "registry/validation.hpp"

#include <boost/json/object.hpp>

#include <cstdint>
#include <optional>
#include <variant>

namespace gensetd::registry {

// What a change finds and makes, for an audit.
template <class Row>
struct Trace {
  std::optional<Row> before;   // empty: a new row
  std::optional<Row> after;    // empty: a removed row
  bool is_committing = false;  // the database was told to keep it; if the change throws then, it may be kept
};

// One request each, as one transaction: read what is there, validate, check what only the database knows,
// write. Nothing is stored when it is refused. Throws what the store throws. `now` is the time of the edit:
// updated_at takes it when something really changes, and never goes back when the clock does. `trace`, when
// given, is filled as the change goes on.
Result<Site> create_site(Store& store, const boost::json::object& body, Timestamp now,
                         Trace<Site>* trace = nullptr);
Result<Site> update_site(Store& store, std::int64_t id, const boost::json::object& body, Timestamp now,
                         Trace<Site>* trace = nullptr);
Result<std::monostate> remove_site(Store& store, std::int64_t id, Trace<Site>* trace = nullptr);
Result<Device> create_device(Store& store, const boost::json::object& body, const ProfileNames& profiles,
                             Timestamp now, Trace<Device>* trace = nullptr);
Result<Device> update_device(Store& store, std::int64_t id, const boost::json::object& body,
                             const ProfileNames& profiles, Timestamp now, Trace<Device>* trace = nullptr);
Result<std::monostate> remove_device(Store& store, std::int64_t id, Trace<Device>* trace = nullptr);

// Whether the topology of a site names devices of it alone.
std::optional<Refusal> check_topology(Store& store, const Site& site);

}  // namespace gensetd::registry
