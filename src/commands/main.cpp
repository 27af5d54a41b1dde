#include "commands/command_line.hpp"
#include "commands/hidden_arguments.hpp"
#include "commands/simulate_command.hpp"
#include "daemon/descriptors.hpp"
#include "daemon/serve.hpp"
#include "daemon/settings_table.hpp"
#include "registry/postgres_connect.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstdlib>
#include <exception>
#include <iostream>
#include <map>
#include <string>
#include <unistd.h>

namespace gensetd::commands {
namespace {

// Writing the buffered output can still fail here, for example on a full disk.
int with_output(int status) {
  if (std::cout.flush()) return status;
  std::cerr << "gensetd: standard output cannot be written" << std::endl;
  return 2;
}

// Returns the exit status. While a thread is still connecting to PostgreSQL, which cannot be cancelled, the
// process ends here instead: static destructors would destroy what that thread uses. The command has
// released its resources by then.
int leave(int status) {
  if (!registry::is_connecting_to_postgres()) return status;
  std::cerr.flush();
  std::_Exit(with_output(status));
}

int run(int argc, char** argv) {
  CLI::App program{"gensetd watches generator sites: Modbus in, Redis, REST and WebSocket out.", "gensetd"};
  program.set_version_flag("--version", "gensetd " GENSETD_VERSION);
  program.require_subcommand(1);
  program.failure_message([](const CLI::App*, const CLI::Error& error) {
    return fmt::format("gensetd: {}; see gensetd --help\n", error.what());
  });
  daemon::ServeOptions serve_options;
  std::map<std::string, std::string> settings;
  SimulateOptions simulate_options;
  ReadOptions read_options;
  ScanOptions scan_options;
  ProfilesOptions profiles_options;
  RegistryOptions registry_options;
  HealthOptions health_options;
  const CLI::App* serve = add_serve(program, serve_options.settings_file, settings);
  const CLI::App* simulate = add_simulate(program, simulate_options);
  const CLI::App* read = add_read(program, read_options);
  const CLI::App* scan = add_scan(program, scan_options);
  const CLI::App* profiles = add_profiles(program, profiles_options);
  const CLI::App* registry = add_registry(program, registry_options);
  const CLI::App* health = add_health(program, health_options);
  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return program.exit(error) == 0 ? 0 : 2;
  }
  hide_secret_arguments(argc, argv);
  if (serve->parsed()) {
    for (const auto& [name, text] : settings) {
      const std::string option = daemon::option_of(name);
      if (serve->count(option) > 0) serve_options.options[name] = {text, "option " + option};
    }
    return leave(daemon::serve_command(serve_options));
  }
  if (simulate->parsed()) return simulate_command(simulate_options);
  if (read->parsed()) return read_command(read_options, std::cout, std::cerr);
  if (scan->parsed()) return scan_command(scan_options, std::cout, std::cerr, ::isatty(STDERR_FILENO) == 1);
  if (profiles->parsed()) return profiles_command(profiles_options, std::cout, std::cerr);
  if (registry->parsed()) return leave(registry_command(registry_options, std::cout, std::cerr));
  if (health->parsed()) return health_command(health_options, std::cout, std::cerr);
  return 2;
}

}  // namespace
}  // namespace gensetd::commands

int main(int argc, char** argv) {
  gensetd::daemon::occupy_standard_descriptors();
  try {
    return gensetd::commands::with_output(gensetd::commands::run(argc, argv));
  } catch (const std::exception& error) {
    std::cerr << "gensetd: unexpected error: " << error.what() << std::endl;
    return 2;
  }
}
