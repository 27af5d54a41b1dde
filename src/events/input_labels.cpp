#include "events/input_labels.hpp"

namespace gensetd::events {
namespace {

const registry::DigitalInput* input_of(const profile::AlarmPoint& point, const registry::Inputs* inputs) {
  if (inputs == nullptr || point.input == 0) return nullptr;
  const auto found = inputs->find(point.input);
  return found == inputs->end() ? nullptr : &found->second;
}

}  // namespace

registry::InputKind kind_of(const profile::AlarmPoint& point, const registry::Inputs* inputs) {
  const registry::DigitalInput* input = input_of(point, inputs);
  const bool may_differ = input != nullptr && profile::may_be_suppressed(point.alarm_class);
  return may_differ ? input->kind : registry::InputKind::alarm;
}

std::optional<int> priority_of(const profile::AlarmPoint& point, const registry::Inputs* inputs) {
  return kind_of(point, inputs) == registry::InputKind::alarm ? point.priority : std::nullopt;
}

const profile::Text& label_of(const profile::AlarmPoint& point, const registry::Inputs* inputs) {
  const registry::DigitalInput* input = input_of(point, inputs);
  return input == nullptr ? point.label : input->label;
}

}  // namespace gensetd::events
