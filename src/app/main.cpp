#include "app/profiles_command.hpp"
#include "app/read_command.hpp"

#include <CLI/CLI.hpp>

#include <iostream>

namespace {

using namespace gensetd::app;

CLI::App* add_read(CLI::App& program, ReadOptions& options) {
  CLI::App* command = program.add_subcommand("read", "Read one controller now and print its values");
  command
      ->add_option("address", options.address, "HOST, HOST:PORT or [IPV6]:PORT; port 502 when none is given")
      ->required();
  command->add_option("--profile", options.profile, "Register map, by name or file (default hgm9520n)");
  command->add_option("--profiles", options.profiles_directory, "A directory of register maps to add");
  command->add_option("--protocol", options.protocol, "tcp or rtu_over_tcp (default: the register map's)");
  command->add_option("--unit", options.unit_id, "Unit id")->capture_default_str();
  command->add_option("--timeout", options.timeout_seconds, "Seconds to connect, and to wait for an answer")
      ->capture_default_str();
  command->add_flag("--watch", options.watch, "Read again and again, until Ctrl-C");
  command->add_option("--interval", options.interval_seconds, "Seconds between two readings with --watch")
      ->capture_default_str();
  command->add_flag("--json", options.json, "Print the reading as JSON");
  command->add_option("--raw", options.raw, "ADDR:COUNT: print these registers as they are");
  return command;
}

CLI::App* add_profiles(CLI::App& program, ProfilesOptions& options) {
  CLI::App* command = program.add_subcommand("profiles", "List, print and check register maps");
  command->add_option("name", options.name_or_file, "A register map, by name or file (default: list all)");
  command->add_option("--profiles", options.directory, "A directory of register maps to add");
  command->add_flag("--check", options.check, "Only say whether the file is good");
  return command;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App program{"gensetd watches generator sites: Modbus in, Redis, REST and WebSocket out.", "gensetd"};
  program.set_version_flag("--version", "gensetd " GENSETD_VERSION);
  program.require_subcommand(1);
  ReadOptions read_options;
  ProfilesOptions profiles_options;
  const CLI::App* read = add_read(program, read_options);
  const CLI::App* profiles = add_profiles(program, profiles_options);
  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return program.exit(error) == 0 ? 0 : 2;
  }
  if (read->parsed()) return read_command(read_options, std::cout, std::cerr);
  if (profiles->parsed()) return profiles_command(profiles_options, std::cout, std::cerr);
  return 2;
}
