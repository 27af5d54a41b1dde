#pragma once

#include "registry/store.hpp"
#include "registry/types.hpp"
#include "registry/validation.hpp"

#include <boost/json/object.hpp>

#include <cstdint>
#include <optional>
#include <variant>

namespace gensetd::registry {

// The row before and after a change, for the audit log.
template <class Row>
struct RowChange {
  std::optional<Row> before;   // empty: a new row
  std::optional<Row> after;    // empty: a removed row
  bool is_committing = false;  // COMMIT was sent; if the change throws now, it may have been stored
};

// Each function runs one request as one transaction: reads the row, validates the request, checks it against
// other rows, writes. Nothing is stored when it is refused. Throws what Store throws. `now` is the time of
// the edit. It becomes updated_at if a field changes, but updated_at never goes back. `row_change`, if given,
// is filled during the change.
Result<Site> create_site(Store& store, const boost::json::object& body, Timestamp now,
                         RowChange<Site>* row_change = nullptr);
Result<Site> update_site(Store& store, std::int64_t id, const boost::json::object& body, Timestamp now,
                         RowChange<Site>* row_change = nullptr);
Result<std::monostate> remove_site(Store& store, std::int64_t id, RowChange<Site>* row_change = nullptr);
Result<Device> create_device(Store& store, const boost::json::object& body, const ProfileNames& profiles,
                             Timestamp now, RowChange<Device>* row_change = nullptr);
Result<Device> update_device(Store& store, std::int64_t id, const boost::json::object& body,
                             const ProfileNames& profiles, Timestamp now,
                             RowChange<Device>* row_change = nullptr);
Result<std::monostate> remove_device(Store& store, std::int64_t id, RowChange<Device>* row_change = nullptr);

// Refuses a topology that names a device of another site, or none.
std::optional<Refusal> check_topology(Store& store, const Site& site);

}  // namespace gensetd::registry
