#include "app/descriptors.hpp"
#include "app/health_command.hpp"
#include "app/hidden_arguments.hpp"
#include "app/profiles_command.hpp"
#include "app/read_command.hpp"
#include "app/registry_command.hpp"
#include "app/scan_command.hpp"
#include "app/serve_command.hpp"
#include "app/settings_table.hpp"
#include "app/simulate_command.hpp"
#include "registry/postgres_connect.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstdlib>
#include <exception>
#include <iostream>
#include <map>
#include <string>
#include <unistd.h>

namespace {

using namespace gensetd::app;

constexpr const char* ca_meaning =
    "PEM file of the authority that signed its certificate (default: those of the system)";

CLI::App* add_serve(CLI::App& program, std::string& file, std::map<std::string, std::string>& values) {
  CLI::App* command = program.add_subcommand("serve", "Run the daemon");
  command->footer(
      "Each setting may also stand in the environment, by the name in brackets, and in the file of --config, "
      "by the\n"
      "option's name with '_' for '-'. Options count before the environment, the environment before the "
      "file.");
  command->add_option("--config", file, "A TOML file with settings");
  for (const Setting& setting : all_settings()) {
    const std::string name{setting.name};
    const std::string by_default = default_of(setting);
    command
        ->add_option(option_of(name), values[name],
                     fmt::format("{} [{}{}]", setting.meaning, name,
                                 by_default.empty() ? "" : ", default " + by_default))
        ->type_name(std::string{setting.value})
        ->group(std::string{title_of(setting.group)});
  }
  return command;
}

CLI::App* add_read(CLI::App& program, ReadOptions& options) {
  CLI::App* command = program.add_subcommand("read", "Read one controller now and print its values");
  command
      ->add_option("address", options.address, "HOST, HOST:PORT or [IPV6]:PORT; port 502 when none is given")
      ->required();
  command->add_option("--profile", options.profile, "Register map, by name or file (default hgm9520n)");
  command->add_option("--profiles", options.profiles_directory, "A directory of register maps to add");
  command->add_option("--protocol", options.protocol, "tcp or rtu_over_tcp (default: the register map's)");
  command->add_option("--unit", options.unit_id, "Unit id")->capture_default_str();
  command->add_option("--timeout", options.timeout_seconds,
                      "Seconds to connect, and to wait for an answer (default 2)");
  command->add_flag("--watch", options.watch, "Read again and again, until Ctrl-C");
  command->add_option("--interval", options.interval_seconds, "Seconds between two readings with --watch")
      ->capture_default_str();
  command->add_flag("--json", options.json, "Print the reading as JSON");
  command->add_flag("--registers", options.registers, "In the table, raw registers beside the values");
  command->add_option("--raw", options.raw, "ADDR:COUNT: print these registers as they are");
  command->add_option("--via", options.via,
                      "http://HOST:PORT or https://HOST:PORT of a running gensetd: read through its "
                      "connection, so that it does "
                      "not disturb the polling");
  command->add_option("--token", options.token, "The token of that gensetd")->envname("API_TOKEN");
  command->add_option("--ca", options.ca, ca_meaning);
  return command;
}

CLI::App* add_scan(CLI::App& program, ScanOptions& options) {
  CLI::App* command = program.add_subcommand(
      "scan", "Find the unit ids that answer at an address, their protocol and register map");
  command->footer(
      "One unit after the other is asked on one connection, in both protocols until one is answered; it only "
      "reads.\n"
      "A unit that is not there costs the timeout: all of them, --units 1-247, take two to four minutes.\n"
      "The connection is its own: beside a running gensetd on the same converter, both hear each other.");
  command
      ->add_option("address", options.address, "HOST, HOST:PORT or [IPV6]:PORT; port 502 when none is given")
      ->required();
  command->add_option("--units", options.units, "Unit ids, such as 1-16,20")->capture_default_str();
  command->add_option("--protocol", options.protocol, "tcp or rtu_over_tcp (default: both)");
  command->add_option("--timeout", options.timeout_seconds, "Seconds to connect, and to wait for each answer")
      ->capture_default_str();
  command->add_flag("--json", options.json, "Print what was found as JSON");
  command->add_option("--profiles", options.profiles_directory,
                      "A directory of register maps to try as well");
  return command;
}

CLI::App* add_profiles(CLI::App& program, ProfilesOptions& options) {
  CLI::App* command = program.add_subcommand("profiles", "List, print and check register maps");
  command->add_option("name", options.name_or_file, "A register map, by name or file (default: list all)");
  command->add_option("--profiles", options.directory, "A directory of register maps to add");
  command->add_flag("--check", options.check, "Only say whether the file is good");
  return command;
}

CLI::App* add_registry(CLI::App& program, RegistryOptions& options) {
  CLI::App* command = program.add_subcommand("registry", "Move sites and devices between databases");
  command->footer(
      "The database is that of DATABASE_URL in the environment, or of --config; gensetd.sqlite in the state "
      "directory "
      "when there is none.\n"
      "An import goes into an empty registry, all of the file or nothing; ids stay what they are.");
  command->require_subcommand(1);
  CLI::App* to = command->add_subcommand("export", "Write all sites and devices to a JSON file");
  CLI::App* from = command->add_subcommand("import", "Read all sites and devices from such a file");
  for (CLI::App* direction : {to, from}) {
    direction->add_option("file", options.file, "The JSON file")->required();
    direction->add_option("--config", options.settings_file, "The TOML file with the daemon's settings");
    direction->add_option("--profiles", options.profiles_directory, "A directory of register maps to add");
  }
  from->callback([&options] { options.import = true; });
  return command;
}

CLI::App* add_health(CLI::App& program, HealthOptions& options) {
  CLI::App* command = program.add_subcommand("health", "Ask a running daemon whether it works");
  command->footer("Exit status 0: it works; 1: it does not, or does not answer within five seconds.");
  command->add_option(
      "url", options.url,
      "http://HOST:PORT or https://HOST:PORT of the daemon; without it the one that serves here "
      "by HTTP_LISTEN and TLS_CERT in the environment, or on 127.0.0.1:8010");
  command->add_option("--ca", options.ca, ca_meaning);
  return command;
}

// What is printed may be lost as late as here, such as on a full disk.
int with_output(int status) {
  if (std::cout.flush()) return status;
  std::cerr << "gensetd: standard output cannot be written" << std::endl;
  return 2;
}

// The exit status, or with it the end at once where a thread that cannot be ended must not see the libraries
// taken apart that it uses. All that a command holds is closed by then.
int leave(int status) {
  if (!gensetd::registry::is_connecting_to_postgres()) return status;
  std::cerr.flush();
  std::_Exit(with_output(status));
}

int run(int argc, char** argv) {
  CLI::App program{"gensetd watches generator sites: Modbus in, Redis, REST and WebSocket out.", "gensetd"};
  program.set_version_flag("--version", "gensetd " GENSETD_VERSION);
  program.require_subcommand(1);
  program.failure_message([](const CLI::App*, const CLI::Error& error) {
    return fmt::format("gensetd: {}; gensetd --help says what there is\n", error.what());
  });
  ServeOptions serve_options;
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
      const std::string option = option_of(name);
      if (serve->count(option) > 0) serve_options.options[name] = {text, "option " + option};
    }
    return leave(serve_command(serve_options));
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

int main(int argc, char** argv) {
  occupy_standard_descriptors();
  try {
    return with_output(run(argc, argv));
  } catch (const std::exception& error) {
    std::cerr << "gensetd: unexpected error: " << error.what() << std::endl;
    return 2;
  }
}
