#include "registry/import.hpp"

#include "profile/stored_profiles.hpp"
#include "registry/database.hpp"
#include "registry/edits.hpp"
#include "registry/fields.hpp"
#include "registry/refusals.hpp"

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace gensetd::registry {
namespace {

namespace json = boost::json;

// Ends the import: thrown inside the transaction, caught around it.
struct ImportRefused {
  Refusal refusal;
};

[[noreturn]] void refuse_import(std::string message) {
  throw ImportRefused{
      {.kind = Refusal::Kind::invalid, .code = "invalid_value", .message = std::move(message), .field = {}}};
}

const json::array& list(const json::object& document, std::string_view name) {
  const json::value* value = document.if_contains(json::string_view(name.data(), name.size()));
  if (value == nullptr || !value->is_array()) refuse_import(fmt::format("it contains no list '{}'", name));
  return value->get_array();
}

std::int64_t take_id(json::object& row, const std::string& where) {
  constexpr std::string_view fields[] = {"id"};
  json::object part;
  if (const json::value* id = row.if_contains("id")) part["id"] = *id;
  Fields reader{part, fields};
  reader.require("id");
  std::int64_t id = 0;
  reader.read_whole("id", 1, std::numeric_limits<std::int64_t>::max(), id);
  if (reader.refusal()) refuse_import(fmt::format("{}: {}", where, reader.refusal()->message));
  row.erase("id");
  return id;
}

Timestamp take_time(json::object& row, std::string_view name, Timestamp otherwise, const std::string& where) {
  const json::string_view key(name.data(), name.size());
  const json::value* value = row.if_contains(key);
  if (value == nullptr) return otherwise;
  std::optional<Timestamp> time;
  if (value->is_string()) {
    const json::string& text = value->get_string();
    time = reading::parse_timestamp({text.data(), text.size()});
  }
  if (!time)
    refuse_import(fmt::format("{}: {} must be a time such as 2026-01-31T12:00:00.000Z", where, name));
  row.erase(key);
  return *time;
}

// Reads the rows of the list `name`. `read` gets each row in the form of a request's body.
template <class Row, class Read, class Insert>
std::size_t import_rows(const json::object& document, std::string_view name, Timestamp now, Read read,
                        Insert insert) {
  std::set<std::int64_t> ids;
  for (const json::value& entry : list(document, name)) {
    const std::string where = fmt::format("{}[{}]", name, ids.size());
    if (!entry.is_object()) refuse_import(fmt::format("{} is not an object", where));
    json::object body = entry.get_object();
    const std::int64_t id = take_id(body, where);
    if (!ids.insert(id).second) refuse_import(fmt::format("{}: the id {} occurs twice", where, id));
    const Timestamp created_at = take_time(body, "created_at", now, where);
    const Timestamp updated_at = take_time(body, "updated_at", now, where);
    Result<Row> result = read(body);
    if (const auto* refusal = std::get_if<Refusal>(&result))
      refuse_import(fmt::format("{}: {}", where, refusal->message));
    Row& row = std::get<Row>(result);
    row.id = id;
    row.created_at = created_at;
    row.updated_at = updated_at;
    insert(row, where);
  }
  return ids.size();
}

StoredProfile read_profile(const json::value& entry, Timestamp now, const std::string& where) {
  if (!entry.is_object()) refuse_import(fmt::format("{} is not an object", where));
  json::object body = entry.get_object();
  StoredProfile profile{.name = {},
                        .toml = {},
                        .changed_at = take_time(body, "changed_at", now, where),
                        .changed_by = {},
                        .problem = {}};
  constexpr std::string_view known[] = {"name", "toml", "changed_by"};
  Fields fields{body, known};
  fields.require("name");
  fields.require("toml");
  fields.read_text("name", {.length_min = 1, .length_max = 64}, profile.name);
  fields.read_text("changed_by", {.length_max = 200}, profile.changed_by);
  if (const auto toml = fields.word("toml")) profile.toml = *toml;
  if (profile.toml.size() > StoredProfile::bytes_max)
    fields.refuse_value("toml", fmt::format("a text of at most {} bytes", StoredProfile::bytes_max));
  if (fields.refusal()) refuse_import(fmt::format("{}: {}", where, fields.refusal()->message));
  return profile;
}

// Exports of older versions have no profiles. Returns the names of all profiles that devices may have.
ProfileNames import_profiles(Store& store, const json::object& document, const profile::Catalog& base,
                             Timestamp now, Imported& imported) {
  if (!document.contains("profiles")) return ProfileNames{base};
  std::map<std::string, std::string> places;  // by name
  profile::ProfileTexts texts;
  for (const json::value& entry : list(document, "profiles")) {
    const std::string where = fmt::format("profiles[{}]", imported.profiles);
    const StoredProfile profile = read_profile(entry, now, where);
    if (!places.emplace(profile.name, where).second)
      refuse_import(fmt::format("{}: the name {} occurs twice", where, shortened(profile.name)));
    texts.emplace(profile.name, profile.toml);
    store.insert(profile);
    ++imported.profiles;
  }
  const profile::StoredProfiles stored = profile::with_stored(base, texts, {});
  ProfileNames names{stored.catalog};
  for (const auto& [name, problem] : stored.unusable) {
    if (!stored.unusable_derived.contains(name))
      refuse_import(fmt::format("{}: {}", places.at(name), problem));
    // It was as unusable where it was exported, or its base is a file that is missing here.
    imported.unusable_profiles.push_back(fmt::format("profile {}: {}", name, problem));
    names.add_unreadable(name);
  }
  return names;
}

Imported import_all(Store& store, const json::object& document, const profile::Catalog& base, Timestamp now) {
  Imported imported;
  const ProfileNames profiles = import_profiles(store, document, base, now, imported);
  std::vector<Site> sites;
  imported.sites =
      import_rows<Site>(document, "sites", now, new_site, [&](const Site& site, const std::string& where) {
        if (store.site_with_code(site.code)) {
          refuse_import(fmt::format("{}: the code '{}' occurs twice", where, shortened(site.code)));
        }
        store.insert_with_id(site);
        sites.push_back(site);
      });
  const auto read_device = [&](const json::object& body) { return new_device(body, profiles); };
  imported.devices = import_rows<Device>(
      document, "devices", now, read_device, [&](const Device& device, const std::string& where) {
        if (!store.site(device.site_id))
          refuse_import(fmt::format("{}: there is no site {}", where, device.site_id));
        store.insert_with_id(device);
      });
  for (std::size_t index = 0; index < sites.size(); ++index) {
    if (const auto refusal = check_topology(store, sites[index]))
      refuse_import(fmt::format("sites[{}]: {}", index, refusal->message));
  }
  return imported;
}

void check_format(const json::object& document) {
  const json::value* format = document.if_contains("format");
  const bool known = format != nullptr && format->is_string() &&
                     format->get_string() == json::string_view(export_format.data(), export_format.size());
  if (!known) {
    refuse_import(
        fmt::format("it is not an export of gensetd registry export (no \"format\": \"{}\")", export_format));
  }
}

}  // namespace

Result<Imported> import_document(Store& store, const json::object& document, const profile::Catalog& base,
                                 Timestamp now) {
  Imported imported;
  try {
    check_format(document);
    store.change([&] {
      if (store.sites() > 0 || store.profiles() > 0) {
        refuse_import("the registry is not empty; an import keeps the ids, so it needs an empty one");
      }
      imported = import_all(store, document, base, now);
      return true;
    });
  } catch (const ImportRefused& refused) {
    return refused.refusal;
  } catch (const DiskFull& full) {
    return refused_disk_full(full);
  } catch (const Violation& violation) {
    return refused_by_database(violation);
  }
  return imported;
}

}  // namespace gensetd::registry
