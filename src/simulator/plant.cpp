#include "simulator/plant.hpp"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

namespace gensetd::simulator {
namespace {

constexpr std::uint64_t never = std::numeric_limits<std::uint64_t>::max();

// `alarm` is "class.code". The code of a point with values ends with its class: "group.code.class".
bool is_point_of(const profile::AlarmPoint& point, std::string_view alarm) {
  if (!point.value) return point.code.ends_with(alarm);
  const std::size_t dot = alarm.find('.');
  const std::string_view alarm_class = alarm.substr(0, dot);
  return point.code.ends_with(alarm_class) && std::string_view{point.code}
                                                  .substr(0, point.code.size() - alarm_class.size() - 1)
                                                  .ends_with(alarm.substr(dot));
}

}  // namespace

Plant::Plant(const std::vector<ModbusServerOptions>& servers, std::uint64_t seed, PatternClock pattern_clock)
    : pattern_clock_(std::move(pattern_clock)) {
  std::map<std::string, PlantSite*> by_name;
  for (const ModbusServerOptions& server : servers) {
    std::vector<Node>& nodes = nodes_.emplace_back();
    nodes.reserve(server.controllers.size());
    for (const SimulatedController& controller : server.controllers) {
      PlantSite*& site = by_name[controller.site];
      if (site == nullptr) site = &sites_.emplace_back(seed_of_part(seed, sites_.size()));
      nodes.push_back(make_node(controller, *site));
    }
  }
}

Plant::Node Plant::make_node(const SimulatedController& controller, PlantSite& site) {
  const bool generator = controller.profile->device_type == profile::DeviceType::generator;
  const profile::Profile& profile = *controller.profile;
  const auto [bindings, made] = bindings_.try_emplace(
      &profile, Bindings{{profile, genset_quantities}, {profile, switchboard_quantities}});
  return {.profile = controller.profile,
          .unit_id = controller.unit_id,
          .bindings = &bindings->second,
          .bank = RegisterBank(*controller.profile),
          .site = &site,
          .genset = generator ? site.add_genset() : 0,
          .written_step = never};
}

void Plant::step() {
  ++steps_;
  if (steps_ == oil_failure_at_ && !sites_.empty() && sites_.front().gensets() != 0)
    sites_.front().genset(0).fail_oil_pump();
  for (PlantSite& site : sites_) site.step();
}

const RegisterBank& Plant::registers(std::size_t server, std::size_t controller) {
  Node& node = nodes_.at(server).at(controller);
  if (pattern_clock_) {
    write_pattern(node.bank, node.unit_id, pattern_clock_());
  } else if (node.written_step != steps_) {
    write_registers(node);
  }
  return node.bank;
}

void Plant::pin(std::size_t server, std::size_t controller, std::uint16_t address, std::uint16_t raw) {
  nodes_.at(server).at(controller).bank.pin(modbus::holding_register(address), raw);
}

void Plant::write_registers(Node& node) const {
  node.written_step = steps_;
  if (node.profile->device_type == profile::DeviceType::generator) {
    node.bindings->genset.write(node.site->genset(node.genset).readings(), node.bank);
  } else {
    node.bindings->switchboard.write(node.site->switchboard().readings(), node.bank);
  }
  write_alarms(node);
}

// Only bits of alarm points are changed: fields may share their registers.
void Plant::write_alarms(Node& node) const {
  auto alarms = node.profile->device_type == profile::DeviceType::generator
                    ? node.site->genset(node.genset).alarms()
                    : node.site->switchboard().alarms();
  if (alarms == node.alarms) return;
  for (const profile::AlarmPoint& point : node.profile->alarm_points) {
    const auto is_this = [&](std::string_view alarm) { return is_point_of(point, alarm); };
    const bool is_on = std::ranges::any_of(alarms, is_this);
    if (!is_on && std::ranges::none_of(node.alarms, is_this)) continue;
    const int lowest_bit = point.mask & -point.mask;
    const int bits = !is_on ? 0 : point.value ? *point.value * lowest_bit : point.mask;
    node.bank.put(point.word, static_cast<std::uint16_t>((node.bank.at(point.word) & ~point.mask) | bits));
  }
  node.alarms = std::move(alarms);
}

}  // namespace gensetd::simulator
