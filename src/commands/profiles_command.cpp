#include "commands/profiles_command.hpp"

#include "commands/file_contents.hpp"
#include "commands/read_options.hpp"
#include "commands/reading_table.hpp"
#include "profile/catalog.hpp"
#include "profile/line_cost.hpp"
#include "profile/roles.hpp"
#include "profile/words.hpp"
#include "registry/types.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace gensetd::commands {
namespace {

namespace fs = std::filesystem;

std::string_view note_of(const profile::Profile& profile) {
  return profile.is_confirmed ? "" : "  (not confirmed)";
}

void print_summary(const profile::Profile& profile, std::ostream& out) {
  out << fmt::format("{:<12} {:<10} {:<13} {} blocks, {} fields  {}{}\n", profile.name,
                     profile::to_word(profile.device_type), profile::to_word(profile.protocol),
                     profile.blocks.size(), profile.fields.size(), profile.title.en, note_of(profile));
}

void print(const profile::Profile& profile, std::ostream& out) {
  print_summary(profile, out);
  for (std::size_t index = 0; index < profile.blocks.size(); ++index) {
    const profile::Block& block = profile.blocks[index];
    out << fmt::format("\n{} {}..{}\n", block.name, block.address, block.address + block.count - 1);
    for (const profile::Field& field : profile.fields) {
      if (field.block != index) continue;
      const std::string type = field.type == profile::Type::bit ? fmt::format("bit {}", field.bit)
                                                                : std::string{profile::to_word(field.type)};
      out << fmt::format("  {:>5} {} {} {}  {}{}{}\n", field.address, padded(field.name, 18), padded(type, 6),
                         padded(field.unit, 5), field.label.en,
                         field.codes.empty() ? "" : " [" + field.codes + "]",
                         field.role ? fmt::format(" ({})", profile::row_of(*field.role).name) : "");
    }
  }
}

std::string cost_of(std::size_t requests, std::chrono::microseconds line_time) {
  return fmt::format("{} {}, {:.0f} ms", requests, requests == 1 ? "request" : "requests",
                     static_cast<double>(line_time.count()) / 1000);
}

std::string schedule_of(const profile::ClassCost& cost) {
  const std::string when = cost.when.empty() ? "" : fmt::format("while {}", fmt::join(cost.when, " or "));
  if (cost.every <= 1) return when.empty() ? "each cycle" : when;
  return fmt::format("one of {} cycles{}{}", cost.every, when.empty() ? "" : ", and ", when);
}

void print_costs(const profile::Profile& profile, std::ostream& out) {
  const std::vector<profile::ClassCost> costs = profile::class_costs(profile);
  out << "on a serial line at 9600 baud:\n";
  std::size_t requests = 0;
  std::chrono::microseconds line_time{0};
  for (std::size_t index = 0; index < costs.size(); ++index) {
    const profile::ClassCost& cost = costs[index];
    out << fmt::format("  {}: {}\n", schedule_of(cost), cost_of(cost.requests, cost.line_time));
    if (index == 0) continue;
    requests += cost.requests;
    line_time += cost.line_time;
  }
  if (costs.size() > 2) out << fmt::format("  all optional blocks: {}\n", cost_of(requests, line_time));
}

profile::ProfilePtr from_file(const profile::Catalog& catalog, const fs::path& file) {
  return catalog.parse(read_file(file), file.string());
}

}  // namespace

int profiles_command(const ProfilesOptions& options, std::ostream& out, std::ostream& errors) {
  try {
    const auto catalog = catalog_with(options.directory);
    if (options.name_or_file.empty()) {
      for (const auto& [name, profile] : catalog.all()) print_summary(*profile, out);
      return 0;
    }
    profile::ProfilePtr profile = catalog.find(options.name_or_file);
    if (!profile && fs::is_regular_file(options.name_or_file))
      profile = from_file(catalog, options.name_or_file);
    if (!profile) {
      errors << fmt::format(
          "gensetd profiles: '{}' is neither a profile nor a file; `gensetd profiles` lists the profiles\n",
          options.name_or_file);
      return 2;
    }
    if (options.check) {
      out << fmt::format("{}: good: {} blocks, {} fields{}\n", options.name_or_file, profile->blocks.size(),
                         profile->fields.size(), note_of(*profile));
      print_costs(*profile, out);
    } else {
      print(*profile, out);
    }
    return 0;
  } catch (const std::exception& error) {
    errors << error.what() << '\n';
    return 2;
  }
}

}  // namespace gensetd::commands
