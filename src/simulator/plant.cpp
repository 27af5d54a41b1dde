#include "simulator/plant.hpp"

#include <limits>
#include <string>
#include <utility>

namespace gensetd::simulator {
namespace {

constexpr std::uint64_t never = std::numeric_limits<std::uint64_t>::max();

}  // namespace

Plant::Plant(const std::vector<Listening>& listening, std::uint64_t seed, PatternClock pattern_clock)
    : pattern_clock_(std::move(pattern_clock)) {
  std::map<std::string, Site*> by_name;
  for (const Listening& place : listening) {
    std::vector<Node>& nodes = nodes_.emplace_back();
    nodes.reserve(place.controllers.size());
    for (const Controller& controller : place.controllers) {
      Site*& site = by_name[controller.site];
      if (site == nullptr) site = &sites_.emplace_back(seed_of_part(seed, sites_.size()));
      nodes.push_back(make_node(controller, *site));
    }
  }
}

Plant::Node Plant::make_node(const Controller& controller, Site& site) {
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
          .shown_step = never};
}

void Plant::step() {
  ++steps_;
  for (Site& site : sites_) site.step();
}

const RegisterBank& Plant::registers(std::size_t listening, std::size_t controller) {
  Node& node = nodes_.at(listening).at(controller);
  if (pattern_clock_) {
    write_pattern(node.bank, node.unit_id, pattern_clock_());
  } else if (node.shown_step != steps_) {
    show(node);
  }
  return node.bank;
}

void Plant::pin(std::size_t listening, std::size_t controller, std::uint16_t address, std::uint16_t raw) {
  nodes_.at(listening).at(controller).bank.pin(address, raw);
}

void Plant::show(Node& node) const {
  node.shown_step = steps_;
  if (node.profile->device_type == profile::DeviceType::generator) {
    node.bindings->genset.write(node.site->genset(node.genset).readings(), node.bank);
  } else {
    node.bindings->switchboard.write(node.site->switchboard().readings(), node.bank);
  }
}

}  // namespace gensetd::simulator
