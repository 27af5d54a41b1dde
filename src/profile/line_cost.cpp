#include "profile/line_cost.hpp"

#include "profile/read_plan.hpp"

namespace gensetd::profile {
namespace {

std::vector<std::string> texts_of(const Profile& profile, std::uint8_t conditions) {
  std::vector<std::string> texts;
  for (std::size_t index = 0; index < profile.conditions.size(); ++index) {
    if (((conditions >> index) & 1U) != 0) texts.push_back(profile.conditions[index].text);
  }
  return texts;
}

}  // namespace

std::vector<ClassCost> class_costs(const Profile& profile) {
  std::vector<ClassCost> costs;
  const Block* previous = nullptr;
  for (const PlannedRead& read : merged_plan(profile, modbus::Protocol::rtu_over_tcp)) {
    const Block& block = profile.blocks[read.blocks.front()];
    const bool is_base = block.is_always_read();
    const bool is_new =
        previous == nullptr || (!(is_base && previous->is_always_read()) &&
                                (block.every != previous->every || block.conditions != previous->conditions));
    if (is_new) {
      costs.push_back(
          {.every = is_base ? std::uint16_t{0} : block.every, .when = texts_of(profile, block.conditions)});
    }
    ++costs.back().requests;
    costs.back().line_time += serial_line_time(read, profile.serial);
    previous = &block;
  }
  return costs;
}

}  // namespace gensetd::profile
