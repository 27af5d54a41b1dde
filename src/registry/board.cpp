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

}  // namespace

void Board::put(const Site& site) {
  if (put_row(directory.sites, site) && listener != nullptr) listener->site_changed(site);
}

void Board::put(const Device& device) {
  if (put_row(directory.devices, device) && listener != nullptr) listener->device_changed(device);
}

void Board::erase_site(std::int64_t id) { directory.sites.erase(id); }

void Board::erase_device(std::int64_t id) {
  if (directory.devices.erase(id) > 0 && listener != nullptr) listener->device_removed(id);
}

void Board::replace(Directory whole) {
  const Directory before = std::exchange(directory, std::move(whole));
  if (listener == nullptr) return;
  const Directory now = directory;  // a listener may ask for changes, but they come later
  for (const auto& [id, device] : before.devices) {
    if (!now.devices.contains(id) && listener != nullptr) listener->device_removed(id);
  }
  for (const auto& [id, site] : now.sites) {
    const auto old = before.sites.find(id);
    const bool changed = old == before.sites.end() || old->second != site;
    if (changed && listener != nullptr) listener->site_changed(site);
  }
  for (const auto& [id, device] : now.devices) {
    const auto old = before.devices.find(id);
    const bool changed = old == before.devices.end() || old->second != device;
    if (changed && listener != nullptr) listener->device_changed(device);
  }
}

}  // namespace gensetd::registry
