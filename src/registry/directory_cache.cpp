#include "registry/directory_cache.hpp"

#include "log/log.hpp"

#include <string_view>
#include <utility>

namespace gensetd::registry {
namespace {

// Returns whether something changed.
template <class Row>
bool put_row(std::map<std::int64_t, Row>& rows, const Row& row) {
  const auto [place, inserted] = rows.try_emplace(row.id, row);
  if (inserted) return true;
  if (place->second == row) return false;
  place->second = row;
  return true;
}

template <class Row>
const Row* find(const std::map<std::int64_t, Row>& rows, std::int64_t id) {
  const auto place = rows.find(id);
  return place == rows.end() ? nullptr : &place->second;
}

template <class Row>
bool is_same(const std::map<std::int64_t, Row>& before, const std::map<std::int64_t, Row>& after,
             std::int64_t id) {
  const Row* old = find(before, id);
  const Row* now = find(after, id);
  return old == nullptr || now == nullptr ? old == now : *old == *now;
}

// The devices that differ, or whose site differs.
std::vector<std::int64_t> differing(const Directory& before, const Directory& after) {
  std::vector<std::int64_t> ids;
  for (const auto& [id, device] : before.devices) {
    if (!is_same(before.devices, after.devices, id) || !is_same(before.sites, after.sites, device.site_id))
      ids.push_back(id);
  }
  for (const auto& [id, device] : after.devices) {
    if (!before.devices.contains(id)) ids.push_back(id);
  }
  return ids;
}

// Logs one line when a row becomes damaged or its damage changes, and one when it is valid again.
template <class Row>
void log_damage(std::string_view kind, std::int64_t id, const Row* before, const Row* now) {
  static const std::vector<InvalidColumn> none;
  const std::vector<InvalidColumn>& old = before == nullptr ? none : before->damage;
  const std::vector<InvalidColumn>& damage = now == nullptr ? none : now->damage;
  if (old == damage) return;
  if (damage.empty()) {
    log::info("registry_row_sound")
        .field("kind", kind)
        .field("id", id)
        .say("registry: the row of {} {} is {}", kind, id, now == nullptr ? "removed" : "no longer damaged");
    return;
  }
  log::error("registry_row_damaged")
      .field("kind", kind)
      .field("id", id)
      .field("error", print_damage(damage))
      .say("registry: the row of {} {} in the database is damaged ({}); {} until the row is corrected", kind,
           id, print_damage(damage), kind == "site" ? "its devices are not polled" : "it is not polled");
}

template <class Row>
void log_damages(std::string_view kind, const std::map<std::int64_t, Row>& before,
                 const std::map<std::int64_t, Row>& now) {
  for (const auto& [id, row] : before) log_damage(kind, id, &row, find(now, id));
  for (const auto& [id, row] : now) {
    if (!before.contains(id)) log_damage<Row>(kind, id, nullptr, &row);
  }
}

}  // namespace

void DirectoryCache::put(const Site& site) {
  log_damage("site", site.id, find(directory_.sites, site.id), &site);
  if (!put_row(directory_.sites, site)) return;
  const std::set<std::int64_t> devices = devices_of(site.id);
  if (listener != nullptr) listener->site_changed(site, devices);
  notify_changed({devices.begin(), devices.end()});
}

void DirectoryCache::put(const Device& device) {
  log_damage("device", device.id, find(directory_.devices, device.id), &device);
  if (const Device* before = find(directory_.devices, device.id)) remove_from_site(*before);
  devices_at_[device.site_id].insert(device.id);
  if (!put_row(directory_.devices, device)) return;
  if (listener != nullptr) listener->device_changed(device);
  notify_changed({device.id});
}

void DirectoryCache::erase_site(std::int64_t id) {
  if (const Site* before = find(directory_.sites, id)) log_damage<Site>("site", id, before, nullptr);
  if (directory_.sites.erase(id) > 0) notify_changed({});  // a site with devices is never removed
}

void DirectoryCache::erase_device(std::int64_t id) {
  const auto place = directory_.devices.find(id);
  if (place == directory_.devices.end()) return;
  log_damage<Device>("device", id, &place->second, nullptr);
  remove_from_site(place->second);
  directory_.devices.erase(place);
  if (listener != nullptr) listener->device_removed(id);
  notify_changed({id});
}

void DirectoryCache::put_profile(const std::string& name, const std::optional<StoredProfile>& profile) {
  if (profile) {
    directory_.profiles.insert_or_assign(name, *profile);
  } else {
    directory_.profiles.erase(name);
  }
  if (on_profiles_change) on_profiles_change();
}

void DirectoryCache::replace(Directory whole) {
  const Directory before = std::exchange(directory_, std::move(whole));
  log_all_damage(before);
  devices_at_.clear();
  for (const auto& [id, device] : directory_.devices) devices_at_[device.site_id].insert(id);
  if (before.profiles != directory_.profiles && on_profiles_change) on_profiles_change();
  notify_differences(before);
  if (before != directory_) notify_changed(differing(before, directory_));
}

const std::set<std::int64_t>& DirectoryCache::devices_of(std::int64_t site_id) const {
  static const std::set<std::int64_t> none;
  const auto place = devices_at_.find(site_id);
  return place == devices_at_.end() ? none : place->second;
}

void DirectoryCache::remove_from_site(const Device& device) {
  const auto place = devices_at_.find(device.site_id);
  place->second.erase(device.id);
  if (place->second.empty()) devices_at_.erase(place);
}

void DirectoryCache::log_all_damage(const Directory& before) const {
  log_damages("site", before.sites, directory_.sites);
  log_damages("device", before.devices, directory_.devices);
  if (before.unusable == directory_.unusable) return;
  for (const std::string& row : directory_.unusable) {
    log::error("registry_row_damaged")
        .field("error", row)
        .say("registry: a row has an invalid id ({}; ids begin at 1); it is ignored until it is corrected",
             row);
  }
}

void DirectoryCache::notify_differences(const Directory& before) {
  if (listener == nullptr) return;
  const Directory now = directory_;  // a copy: a listener may request changes, which must not change the loop
  for (const auto& [id, device] : before.devices) {
    if (!now.devices.contains(id) && listener != nullptr) listener->device_removed(id);
  }
  for (const auto& [id, site] : now.sites) {
    if (!is_same(before.sites, now.sites, id) && listener != nullptr)
      listener->site_changed(site, devices_of(id));
  }
  for (const auto& [id, device] : now.devices) {
    if (!is_same(before.devices, now.devices, id) && listener != nullptr) listener->device_changed(device);
  }
}

}  // namespace gensetd::registry
