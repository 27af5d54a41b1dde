#include "registry/types.hpp"

#include <fmt/format.h>

namespace gensetd::registry {

std::string print_damage(const std::vector<InvalidColumn>& damage) {
  std::string text;
  for (const InvalidColumn& one : damage) text += fmt::format("{}{}", text.empty() ? "" : "; ", one.what);
  return text;
}

std::string reason_not_to_poll(const Directory& directory, const Device& device) {
  if (!device.damage.empty())
    return fmt::format("its row in the database is damaged: {}", print_damage(device.damage));
  if (!device.is_active) return "the device is not active";
  const auto site = directory.sites.find(device.site_id);
  if (site != directory.sites.end() && !site->second.damage.empty())
    return fmt::format("the row of its site in the database is damaged: {}",
                       print_damage(site->second.damage));
  if (site == directory.sites.end() || !site->second.is_active) return "its site is not active";
  return {};
}

}  // namespace gensetd::registry
