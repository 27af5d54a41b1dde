#pragma once

#include "commands/health_command.hpp"
#include "commands/profiles_command.hpp"
#include "commands/read_command.hpp"
#include "commands/registry_command.hpp"
#include "commands/scan_command.hpp"

#include <map>
#include <string>

namespace CLI {  // NOLINT(readability-identifier-naming): it is CLI11's
class App;
}

// The subcommands of `gensetd` with their options and help texts. Each function adds one subcommand, whose
// values CLI11 writes into the given variables while it parses; they must outlive `program`. `simulate` is in
// simulate_options.cpp.
namespace gensetd::commands {

// `settings_file`: --config. `values`: the texts of the settings by name; those not given stay empty.
CLI::App* add_serve(CLI::App& program, std::string& settings_file,
                    std::map<std::string, std::string>& values);
CLI::App* add_read(CLI::App& program, ReadOptions& options);
CLI::App* add_scan(CLI::App& program, ScanOptions& options);
CLI::App* add_profiles(CLI::App& program, ProfilesOptions& options);
CLI::App* add_registry(CLI::App& program, RegistryOptions& options);
CLI::App* add_health(CLI::App& program, HealthOptions& options);

}  // namespace gensetd::commands
