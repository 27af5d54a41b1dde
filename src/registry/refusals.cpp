#include "registry/refusals.hpp"

#include <fmt/format.h>

namespace gensetd::registry {
namespace {

constexpr std::string_view nothing_changed = ", nothing was changed";

}  // namespace

Refusal refused_by_database(const Violation& violation) {
  const bool is_conflict = violation.rule != Violation::Rule::other;
  return {.kind = is_conflict ? Refusal::Kind::conflict : Refusal::Kind::invalid,
          .code = is_conflict ? "conflict" : "invalid_value",
          .message = fmt::format("the database refuses it: {}", violation.what()),
          .field = {}};
}

Refusal refused_disk_full(const DiskFull& full) {
  return {.kind = Refusal::Kind::unavailable,
          .code = std::string{code_when_full},
          .message = fmt::format("{}{}; free disk space and try again", full.what(), nothing_changed),
          .field = {}};
}

std::string_view cause_of(const Refusal& disk_full) {
  const std::string_view message = disk_full.message;
  return message.substr(0, message.rfind(nothing_changed));
}

}  // namespace gensetd::registry
