#include "registry/board.hpp"

#include "log/log.hpp"

#include <string_view>
#include <utility>

namespace gensetd::registry {
namespace {

// Whether it was a change.
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

// The devices that are different or whose site is.
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

// One line when the row is damaged, or damaged otherwise than before, and one when it is sound again.
template <class Row>
void say_damage(std::string_view kind, std::int64_t id, const Row* before, const Row* now) {
  static const std::vector<Damage> none;
  const std::vector<Damage>& old = before == nullptr ? none : before->damage;
  const std::vector<Damage>& damage = now == nullptr ? none : now->damage;
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
void say_damages(std::string_view kind, const std::map<std::int64_t, Row>& before,
                 const std::map<std::int64_t, Row>& now) {
  for (const auto& [id, row] : before) say_damage(kind, id, &row, find(now, id));
  for (const auto& [id, row] : now) {
    if (!before.contains(id)) say_damage<Row>(kind, id, nullptr, &row);
  }
}

}  // namespace

void Board::put(const Site& site) {
  say_damage("site", site.id, find(directory_.sites, site.id), &site);
  if (!put_row(directory_.sites, site)) return;
  const std::set<std::int64_t> devices = devices_of(site.id);
  if (listener != nullptr) listener->site_changed(site, devices);
  tell_changed({devices.begin(), devices.end()});
}

void Board::put(const Device& device) {
  say_damage("device", device.id, find(directory_.devices, device.id), &device);
  if (const Device* before = find(directory_.devices, device.id)) leave_site(*before);
  devices_at_[device.site_id].insert(device.id);
  if (!put_row(directory_.devices, device)) return;
  if (listener != nullptr) listener->device_changed(device);
  tell_changed({device.id});
}

void Board::erase_site(std::int64_t id) {
  if (const Site* before = find(directory_.sites, id)) say_damage<Site>("site", id, before, nullptr);
  if (directory_.sites.erase(id) > 0) tell_changed({});  // it had no devices
}

void Board::erase_device(std::int64_t id) {
  const auto place = directory_.devices.find(id);
  if (place == directory_.devices.end()) return;
  say_damage<Device>("device", id, &place->second, nullptr);
  leave_site(place->second);
  directory_.devices.erase(place);
  if (listener != nullptr) listener->device_removed(id);
  tell_changed({id});
}

void Board::replace(Directory whole) {
  const Directory before = std::exchange(directory_, std::move(whole));
  tell_damage(before);
  devices_at_.clear();
  for (const auto& [id, device] : directory_.devices) devices_at_[device.site_id].insert(id);
  tell_differences(before);
  if (before != directory_) tell_changed(differing(before, directory_));
}

const std::set<std::int64_t>& Board::devices_of(std::int64_t site_id) const {
  static const std::set<std::int64_t> none;
  const auto place = devices_at_.find(site_id);
  return place == devices_at_.end() ? none : place->second;
}

void Board::leave_site(const Device& device) {
  const auto place = devices_at_.find(device.site_id);
  place->second.erase(device.id);
  if (place->second.empty()) devices_at_.erase(place);
}

void Board::tell_damage(const Directory& before) const {
  say_damages("site", before.sites, directory_.sites);
  say_damages("device", before.devices, directory_.devices);
  if (before.unusable == directory_.unusable) return;
  for (const std::string& row : directory_.unusable) {
    log::error("registry_row_damaged")
        .field("error", row)
        .say(
            "registry: a row has the id of no device or site ({}; ids begin at 1); it is left out until it "
            "is corrected",
            row);
  }
}

void Board::tell_differences(const Directory& before) {
  if (listener == nullptr) return;
  const Directory now = directory_;  // a listener may ask for changes, but they come later
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
