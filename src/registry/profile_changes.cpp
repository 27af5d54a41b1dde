#include "registry/profile_changes.hpp"

#include "profile/roles.hpp"
#include "profile/words.hpp"
#include "registry/database.hpp"
#include "registry/fields.hpp"
#include "registry/refusals.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

namespace gensetd::registry {
namespace {

using profile::AlarmPoint;
using profile::Field;
using profile::Profile;
using profile::ProfilePtr;
using profile::StoredProfiles;

constexpr std::size_t named_max = 20;  // devices, fields and profiles in a message

std::string list_of(const std::set<std::string>& names) {
  std::string text;
  std::size_t count = 0;
  for (const std::string& name : names) {
    if (++count > named_max) return fmt::format("{} and {} more", text, names.size() - named_max);
    text += (text.empty() ? "" : ", ") + name;
  }
  return text;
}

// What devices lose by a change.
struct Losses {
  std::set<std::string> devices;
  std::set<std::string> fields;
  std::set<std::string> units;
  std::set<std::string> roles;
  std::set<std::string> alarms;
  std::set<std::string> classes;
  std::set<std::string> profiles;  // that cannot be used any more, with the reason

  bool operator==(const Losses&) const = default;
};

Losses losses_between(const Profile& old, const Profile& now) {
  Losses losses;
  for (const Field& field : old.fields) {
    const auto found = std::ranges::find(now.fields, field.name, &Field::name);
    if (found == now.fields.end()) {
      losses.fields.insert(field.name);
    } else if (found->unit != field.unit) {
      losses.units.insert(fmt::format("{} ({} -> {})", field.name, field.unit.empty() ? "none" : field.unit,
                                      found->unit.empty() ? "none" : found->unit));
    }
    if (field.role && !profile::index_of(now, *field.role))
      losses.roles.emplace(profile::row_of(*field.role).name);
  }
  for (const AlarmPoint& point : old.alarm_points) {
    const auto found = std::ranges::find(now.alarm_points, point.code, &AlarmPoint::code);
    if (found == now.alarm_points.end()) {
      losses.alarms.insert(point.code);
    } else if (found->alarm_class != point.alarm_class) {
      losses.classes.insert(fmt::format("{} ({} -> {})", point.code, profile::to_word(point.alarm_class),
                                        profile::to_word(found->alarm_class)));
    }
  }
  return losses;
}

Losses losses_of(const Directory& directory, const StoredProfiles& before, const StoredProfiles& after,
                 const std::string& changed) {
  Losses losses;
  for (const auto& [id, device] : directory.devices) {
    const ProfilePtr old = before.catalog.find(device.profile);
    const ProfilePtr now = after.catalog.find(device.profile);
    if (!old || old == now) continue;
    Losses of_device = now ? losses_between(*old, *now) : Losses{};
    if (now && of_device == Losses{}) continue;
    losses.devices.insert(fmt::format("{} '{}'", id, shortened(device.name)));
    losses.fields.merge(of_device.fields);
    losses.units.merge(of_device.units);
    losses.roles.merge(of_device.roles);
    losses.alarms.merge(of_device.alarms);
    losses.classes.merge(of_device.classes);
  }
  for (const auto& [name, problem] : after.unusable) {
    if (name != changed && before.catalog.find(name)) losses.profiles.insert(problem);
  }
  return losses;
}

Refusal refused_in_use(const ProfileChange& change, const Losses& losses) {
  std::string message;
  if (!losses.devices.empty()) message = fmt::format("used by devices {}", list_of(losses.devices));
  const auto add = [&](std::string_view what, const std::set<std::string>& names) {
    if (!names.empty()) message += fmt::format("{}{} {}", message.empty() ? "" : "; ", what, list_of(names));
  };
  if (change.toml) {
    add("they would lose the fields", losses.fields);
    add("the unit would change of", losses.units);
    add("they would lose the roles", losses.roles);
    add("they would lose the alarms", losses.alarms);
    add("the class would change of", losses.classes);
  } else if (!losses.devices.empty()) {
    message += ", which would not be polled any more";
  }
  add("profiles that extend it could not be used any more:", losses.profiles);
  return {.kind = Refusal::Kind::conflict,
          .code = "profile_in_use",
          .message = fmt::format("profile {} is in use: {}; send ?force=1 to {} it nevertheless", change.name,
                                 message, change.toml ? "replace" : "remove"),
          .field = {}};
}

}  // namespace

profile::ProfileTexts texts_of(const std::map<std::string, StoredProfile>& profiles) {
  profile::ProfileTexts texts;
  for (const auto& [name, stored] : profiles) {
    if (stored.problem.empty()) texts.emplace(name, stored.toml);
  }
  return texts;
}

std::optional<Refusal> check_profile_change(const profile::Catalog& base, const Directory& directory,
                                            const ProfileChange& change) {
  const bool is_hidden = directory.profiles.contains(change.name);  // by a file of the same name
  if (base.find(change.name) && (change.toml || !is_hidden))
    return Refusal{
        .kind = Refusal::Kind::conflict,
        .code = "profile_built_in",
        .message = fmt::format(
            "profile {} is {} and cannot be changed here; choose another name", change.name,
            base.origin_of(change.name) == profile::Origin::built_in ? "built in" : "in a file of PROFILES"),
        .field = {}};
  if (!change.toml && !directory.profiles.contains(change.name))
    return Refusal{.kind = Refusal::Kind::not_found,
                   .code = "not_found",
                   .message = fmt::format("there is no stored profile {}", shortened(change.name)),
                   .field = {}};
  profile::ProfileTexts texts = texts_of(directory.profiles);
  const StoredProfiles before = profile::with_stored(base, texts, {});
  if (change.toml) {
    texts[change.name] = *change.toml;
  } else {
    texts.erase(change.name);
  }
  const StoredProfiles after = profile::with_stored(base, texts, before);
  if (const auto wrong = after.unusable.find(change.name); wrong != after.unusable.end())
    return Refusal{
        .kind = Refusal::Kind::invalid, .code = "invalid_profile", .message = wrong->second, .field = {}};
  if (change.is_forced) return std::nullopt;
  const Losses losses = losses_of(directory, before, after, change.name);
  if (losses.devices.empty() && losses.profiles.empty()) return std::nullopt;
  return refused_in_use(change, losses);
}

Result<std::monostate> change_profile(Store& store, const profile::Catalog& base, const ProfileChange& change,
                                      Timestamp now, RowChange<StoredProfile>* row_change) {
  std::optional<Refusal> refusal;
  RowChange<StoredProfile> unused;
  RowChange<StoredProfile>& rows = row_change == nullptr ? unused : *row_change;
  try {
    store.change([&] {
      const Directory directory = store.contents();
      refusal = check_profile_change(base, directory, change);
      if (refusal) return false;
      const auto known = directory.profiles.find(change.name);
      if (known != directory.profiles.end()) rows.before = known->second;
      store.remove_profile(change.name);
      if (change.toml) {
        rows.after = StoredProfile{.name = change.name,
                                   .toml = *change.toml,
                                   .changed_at = now,
                                   .changed_by = change.changed_by,
                                   .problem = {}};
        store.insert(*rows.after);
      }
      rows.is_committing = true;
      return true;
    });
    rows.is_committing = false;
  } catch (const Violation& violation) {
    rows.is_committing = false;
    return refused_by_database(violation);
  } catch (const DiskFull& full) {
    rows.is_committing = false;
    return refused_disk_full(full);
  }
  if (refusal) return *refusal;
  return std::monostate{};
}

}  // namespace gensetd::registry
