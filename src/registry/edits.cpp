#include "registry/edits.hpp"

#include "registry/database.hpp"
#include "registry/fields.hpp"
#include "registry/refusals.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace gensetd::registry {
namespace {

Refusal no_such(std::string_view what, std::int64_t id) {
  return {.kind = Refusal::Kind::not_found,
          .code = "not_found",
          .message = fmt::format("there is no {} {}", what, id),
          .field = {}};
}

// Commits if `edit` returns a value, rolls back if it returns a refusal.
template <class T, class Row>
Result<T> change(Store& store, RowChange<Row>* row_change, const std::function<Result<T>()>& edit) {
  std::optional<Result<T>> result;
  const auto note = [&](bool is_committing) {
    if (row_change == nullptr) return;
    row_change->is_committing = is_committing;
    if constexpr (std::is_same_v<T, Row>) {
      if (is_committing) row_change->after = std::get<T>(*result);
    }
  };
  try {
    store.change([&] {
      result = edit();
      const bool keep = std::holds_alternative<T>(*result);
      if (keep) note(true);
      return keep;
    });
    note(false);
  } catch (const Violation& violation) {
    note(false);
    return refused_by_database(violation);
  } catch (const DiskFull& full) {
    note(false);
    return refused_disk_full(full);
  }
  return std::move(*result);
}

Refusal not_of_site(std::int64_t device_id, const Site& site) {
  return {.kind = Refusal::Kind::invalid,
          .code = "invalid_value",
          .message = fmt::format("topology names device {}, which is not a device of site '{}'", device_id,
                                 shortened(site.code)),
          .field = "topology"};
}

// A topology must not name a device that is not in its site.
std::optional<Refusal> refuse_if_in_topology(Store& store, const Device& device) {
  const auto site = store.site(device.site_id);
  if (!site || !site->topology || std::ranges::count(site->topology->devices(), device.id) == 0)
    return std::nullopt;
  return Refusal{.kind = Refusal::Kind::conflict,
                 .code = "device_in_topology",
                 .message = fmt::format("device {} is in the topology of site '{}'; change that first",
                                        device.id, shortened(site->code)),
                 .field = {}};
}

std::optional<Refusal> check(Store& store, const Site& site) {
  if (auto refusal = check_topology(store, site)) return refusal;
  const auto owner = store.site_with_code(site.code);
  if (!owner || *owner == site.id) return std::nullopt;
  return Refusal{.kind = Refusal::Kind::conflict,
                 .code = "duplicate_code",
                 .message = fmt::format("the code '{}' already belongs to site {}", site.code, *owner),
                 .field = "code"};
}

std::optional<Refusal> check(Store& store, const Device& device) {
  if (store.site(device.site_id)) return std::nullopt;
  return Refusal{
      .kind = Refusal::Kind::invalid,
      .code = "invalid_value",
      .message = fmt::format("there is no site {}; site_id must be the id of a site", device.site_id),
      .field = "site_id"};
}

template <class T>
Result<T> insert(Store& store, Result<T> row, Timestamp now) {
  T* made = std::get_if<T>(&row);
  if (made == nullptr) return row;
  if (auto refusal = check(store, *made)) return *refusal;
  made->created_at = now;
  made->updated_at = now;
  made->id = store.insert(*made);
  return row;
}

template <class T>
Result<T> update(Store& store, const T& current, Result<T> row, Timestamp now) {
  T* edited = std::get_if<T>(&row);
  if (edited == nullptr || *edited == current) return row;
  if (auto refusal = check(store, *edited)) return *refusal;
  edited->updated_at = std::max(now, current.updated_at);
  for (const InvalidColumn& one : current.damage) {
    if (one.column == "created_at") edited->created_at = now;
  }
  store.update(*edited);
  return row;
}

}  // namespace

std::optional<Refusal> check_topology(Store& store, const Site& site) {
  if (!site.topology) return std::nullopt;
  for (const std::int64_t id : site.topology->devices()) {
    const auto device = store.device(id);
    if (!device || device->site_id != site.id) return not_of_site(id, site);
  }
  return std::nullopt;
}

Result<Site> create_site(Store& store, const boost::json::object& body, Timestamp now,
                         RowChange<Site>* row_change) {
  return change<Site>(store, row_change, [&] { return insert<Site>(store, new_site(body), now); });
}

Result<Site> update_site(Store& store, std::int64_t id, const boost::json::object& body, Timestamp now,
                         RowChange<Site>* row_change) {
  return change<Site>(store, row_change, [&]() -> Result<Site> {
    const auto current = store.site(id);
    if (!current) return no_such("site", id);
    if (row_change != nullptr) row_change->before = current;
    return update<Site>(store, *current, edited_site(*current, body), now);
  });
}

Result<std::monostate> remove_site(Store& store, std::int64_t id, RowChange<Site>* row_change) {
  return change<std::monostate>(store, row_change, [&]() -> Result<std::monostate> {
    const auto current = store.site(id);
    if (!current) return no_such("site", id);
    if (row_change != nullptr) row_change->before = current;
    const std::int64_t count = store.devices_of(id);
    if (count > 0) {
      return Refusal{.kind = Refusal::Kind::conflict,
                     .code = "site_has_devices",
                     .message = fmt::format("site {} has {} device{}; delete or move {} first", id, count,
                                            count == 1 ? "" : "s", count == 1 ? "it" : "them"),
                     .field = {}};
    }
    store.remove_site(id);
    return std::monostate{};
  });
}

Result<Device> create_device(Store& store, const boost::json::object& body, const ProfileNames& profiles,
                             Timestamp now, RowChange<Device>* row_change) {
  return change<Device>(store, row_change,
                        [&] { return insert<Device>(store, new_device(body, profiles), now); });
}

Result<Device> update_device(Store& store, std::int64_t id, const boost::json::object& body,
                             const ProfileNames& profiles, Timestamp now, RowChange<Device>* row_change) {
  return change<Device>(store, row_change, [&]() -> Result<Device> {
    const auto current = store.device(id);
    if (!current) return no_such("device", id);
    if (row_change != nullptr) row_change->before = current;
    auto edited = edited_device(*current, body, profiles);
    const auto* device = std::get_if<Device>(&edited);
    if (device != nullptr && device->site_id != current->site_id) {
      if (auto refusal = refuse_if_in_topology(store, *current)) return *refusal;
    }
    return update<Device>(store, *current, std::move(edited), now);
  });
}

Result<std::monostate> remove_device(Store& store, std::int64_t id, RowChange<Device>* row_change) {
  return change<std::monostate>(store, row_change, [&]() -> Result<std::monostate> {
    const auto current = store.device(id);
    if (!current) return no_such("device", id);
    if (row_change != nullptr) row_change->before = current;
    if (auto refusal = refuse_if_in_topology(store, *current)) return *refusal;
    store.remove_device(id);
    return std::monostate{};
  });
}

}  // namespace gensetd::registry
