#include "registry/board.hpp"

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

std::vector<std::int64_t> devices_of(const Directory& directory, std::int64_t site_id) {
  std::vector<std::int64_t> ids;
  for (const auto& [id, device] : directory.devices) {
    if (device.site_id == site_id) ids.push_back(id);
  }
  return ids;
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

}  // namespace

void Board::put(const Site& site) {
  if (!put_row(directory.sites, site)) return;
  if (listener != nullptr) listener->site_changed(site);
  tell_changed(devices_of(directory, site.id));
}

void Board::put(const Device& device) {
  if (!put_row(directory.devices, device)) return;
  if (listener != nullptr) listener->device_changed(device);
  tell_changed({device.id});
}

void Board::erase_site(std::int64_t id) {
  if (directory.sites.erase(id) > 0) tell_changed({});  // it had no devices
}

void Board::erase_device(std::int64_t id) {
  if (directory.devices.erase(id) == 0) return;
  if (listener != nullptr) listener->device_removed(id);
  tell_changed({id});
}

void Board::replace(Directory whole) {
  const Directory before = std::exchange(directory, std::move(whole));
  tell_differences(before);
  if (before != directory) tell_changed(differing(before, directory));
}

void Board::tell_differences(const Directory& before) {
  if (listener == nullptr) return;
  const Directory now = directory;  // a listener may ask for changes, but they come later
  for (const auto& [id, device] : before.devices) {
    if (!now.devices.contains(id) && listener != nullptr) listener->device_removed(id);
  }
  for (const auto& [id, site] : now.sites) {
    if (!is_same(before.sites, now.sites, id) && listener != nullptr) listener->site_changed(site);
  }
  for (const auto& [id, device] : now.devices) {
    if (!is_same(before.devices, now.devices, id) && listener != nullptr) listener->device_changed(device);
  }
}

}  // namespace gensetd::registry
