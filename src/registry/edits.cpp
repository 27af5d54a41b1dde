#include "registry/edits.hpp"

#include "registry/database.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace gensetd::registry {
namespace {

Refusal no_such(std::string_view what, std::int64_t id) {
  return {.kind = Refusal::Kind::not_found,
          .code = "not_found",
          .message = fmt::format("there is no {} {}", what, id),
          .field = {}};
}

// What the edits below do not check themselves, such as a rule that an administrator added.
Refusal refused_by_database(const Violation& violation) {
  const bool is_conflict = violation.rule != Violation::Rule::other;
  return {.kind = is_conflict ? Refusal::Kind::conflict : Refusal::Kind::invalid,
          .code = is_conflict ? "conflict" : "invalid_value",
          .message = fmt::format("the database refuses it: {}", violation.what()),
          .field = {}};
}

Refusal refused_without_room(const NoRoom& full) {
  return {.kind = Refusal::Kind::unavailable,
          .code = std::string{code_when_full},
          .message = fmt::format("{}, nothing was changed; make room and try again", full.what()),
          .field = {}};
}

// Stores what `edit` returns only when it is a value.
template <class T>
Result<T> change(Store& store, const std::function<Result<T>()>& edit) {
  std::optional<Result<T>> result;
  try {
    store.change([&] {
      result = edit();
      return std::holds_alternative<T>(*result);
    });
  } catch (const Violation& violation) {
    return refused_by_database(violation);
  } catch (const NoRoom& full) {
    return refused_without_room(full);
  }
  return std::move(*result);
}

std::optional<Refusal> check(Store& store, const Site& site) {
  const auto owner = store.site_with_code(site.code);
  if (!owner || *owner == site.id) return std::nullopt;
  return Refusal{.kind = Refusal::Kind::conflict,
                 .code = "duplicate_code",
                 .message = fmt::format("the code '{}' belongs to site {} already", site.code, *owner),
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
  store.update(*edited);
  return row;
}

}  // namespace

Result<Site> create_site(Store& store, const boost::json::object& body, Timestamp now) {
  return change<Site>(store, [&] { return insert<Site>(store, new_site(body), now); });
}

Result<Site> update_site(Store& store, std::int64_t id, const boost::json::object& body, Timestamp now,
                         std::optional<Site>* before) {
  return change<Site>(store, [&]() -> Result<Site> {
    const auto current = store.site(id);
    if (!current) return no_such("site", id);
    if (before != nullptr) *before = current;
    return update<Site>(store, *current, edited_site(*current, body), now);
  });
}

Result<std::monostate> remove_site(Store& store, std::int64_t id, std::optional<Site>* before) {
  return change<std::monostate>(store, [&]() -> Result<std::monostate> {
    const auto current = store.site(id);
    if (!current) return no_such("site", id);
    if (before != nullptr) *before = current;
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
                             Timestamp now) {
  return change<Device>(store, [&] { return insert<Device>(store, new_device(body, profiles), now); });
}

Result<Device> update_device(Store& store, std::int64_t id, const boost::json::object& body,
                             const ProfileNames& profiles, Timestamp now, std::optional<Device>* before) {
  return change<Device>(store, [&]() -> Result<Device> {
    const auto current = store.device(id);
    if (!current) return no_such("device", id);
    if (before != nullptr) *before = current;
    return update<Device>(store, *current, edited_device(*current, body, profiles), now);
  });
}

Result<std::monostate> remove_device(Store& store, std::int64_t id, std::optional<Device>* before) {
  return change<std::monostate>(store, [&]() -> Result<std::monostate> {
    const auto current = store.device(id);
    if (!current) return no_such("device", id);
    if (before != nullptr) *before = current;
    store.remove_device(id);
    return std::monostate{};
  });
}

}  // namespace gensetd::registry
