#include "commands/command_line.hpp"

#include "commands/option_group.hpp"
#include "daemon/settings_table.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <string_view>

namespace gensetd::commands {
namespace {

constexpr const char* ca_meaning =
    "PEM file of the authority that signed the daemon's certificate (default: the system's authorities)";
constexpr const char* profiles_meaning = "Directory of register maps to add to the built-in ones";

void add_address(CLI::App& command, std::string& address) {
  command.add_option("address", address, "HOST, HOST:PORT or [IPV6]:PORT (default port 502)")
      ->type_name("HOST[:PORT]")
      ->required();
}

}  // namespace

CLI::App* add_serve(CLI::App& program, std::string& settings_file,
                    std::map<std::string, std::string>& values) {
  CLI::App* command = program.add_subcommand("serve", "Run the daemon");
  command->footer(
      "Each setting can also be an environment variable, whose name is in brackets, or a key of the --config "
      "file:\n"
      "the option's name with '_' for '-'. Options override the environment, which overrides the file.");
  command->add_option("--config", settings_file, "TOML file with settings")->type_name("FILE");
  for (const daemon::Setting& setting : daemon::all_settings()) {
    const std::string name{setting.name};
    const std::string by_default = daemon::default_of(setting);
    command
        ->add_option(daemon::option_of(name), values[name],
                     fmt::format("{} [{}{}]", setting.meaning, name,
                                 by_default.empty() ? "" : ", default " + by_default))
        ->type_name(std::string{setting.value})
        ->group(std::string{daemon::title_of(setting.group)});
  }
  return command;
}

CLI::App* add_read(CLI::App& program, ReadOptions& options) {
  CLI::App* command = program.add_subcommand("read", "Read one controller now and print its values");
  add_address(*command, options.address);
  OptionGroup controller(*command, "Controller");
  controller.add("--profile", "NAME|FILE", options.profile,
                 "Register map: its name or a file (default hgm9520n)");
  controller.add("--profiles", "DIRECTORY", options.profiles_directory, profiles_meaning);
  controller.add("--protocol", "PROTOCOL", options.protocol,
                 "tcp or rtu_over_tcp (default: that of the register map)");
  controller.add_with_default("--unit", "UNIT_ID", options.unit_id, "Unit id");
  controller.add("--timeout", "SECONDS", options.timeout_seconds,
                 "Time to connect, and to wait for a response (default 2)");
  OptionGroup output(*command, "Output");
  output.flag("--watch", options.watch, "Repeat the reading until Ctrl-C");
  output.add_with_default("--interval", "SECONDS", options.interval_seconds,
                          "Time between two readings with --watch");
  output.flag("--json", options.json, "Print the reading as JSON");
  output.flag("--registers", options.registers, "Show the raw registers of each value in the table");
  output.add("--raw", "RANGE", options.raw,
             "Print registers or bits without interpreting them: [TABLE/]ADDR:COUNT, where TABLE is holding "
             "(default), "
             "input, coils or discrete");
  OptionGroup through(*command, "Through a running gensetd");
  through.add(
      "--via", "URL", options.via,
      "http://HOST:PORT or https://HOST:PORT of a running gensetd: read through its connection, so that "
      "the read does not disturb its polling");
  through.add("--token", "TOKEN", options.token, "API_TOKEN of that gensetd")->envname("API_TOKEN");
  through.add("--ca", "FILE", options.ca, ca_meaning);
  return command;
}

CLI::App* add_scan(CLI::App& program, ScanOptions& options) {
  CLI::App* command = program.add_subcommand(
      "scan", "Find the unit ids that respond at an address, their protocol and register map");
  command->footer(
      "The unit ids are read one after the other on one connection, in each protocol until a unit responds.\n"
      "A unit that does not exist takes the timeout: all of them, --units 1-247, take two to four minutes.\n"
      "The scan opens its own connection. If a running gensetd uses the same converter, both receive each "
      "other's responses.");
  add_address(*command, options.address);
  OptionGroup search(*command, "Search");
  search.add_with_default("--units", "UNIT_IDS", options.units, "Unit ids, such as 1-16,20");
  search.add("--protocol", "PROTOCOL", options.protocol, "tcp or rtu_over_tcp (default: both)");
  search.add_with_default("--timeout", "SECONDS", options.timeout_seconds,
                          "Time to connect, and to wait for each response");
  search.add("--profiles", "DIRECTORY", options.profiles_directory, profiles_meaning);
  OptionGroup output(*command, "Output");
  output.flag("--json", options.json, "Print the result as JSON");
  return command;
}

CLI::App* add_profiles(CLI::App& program, ProfilesOptions& options) {
  CLI::App* command = program.add_subcommand("profiles", "List, print and check register maps");
  command->add_option("name", options.name_or_file, "Register map: its name or a file (default: list all)")
      ->type_name("NAME|FILE");
  command->add_option("--profiles", options.directory, profiles_meaning)->type_name("DIRECTORY");
  command->add_flag("--check", options.check, "Only report whether the file is valid");
  return command;
}

CLI::App* add_registry(CLI::App& program, RegistryOptions& options) {
  CLI::App* command = program.add_subcommand("registry", "Move sites and devices between databases");
  command->footer(
      "The database is DATABASE_URL from the environment or from --config; without it, gensetd.sqlite in the "
      "state directory.\n"
      "An import needs an empty registry. It imports the whole file or nothing; ids do not change.");
  command->require_subcommand(1);
  CLI::App* to = command->add_subcommand("export", "Write all sites and devices to a JSON file");
  CLI::App* from = command->add_subcommand("import", "Read all sites and devices from such a file");
  for (CLI::App* direction : {to, from}) {
    direction->add_option("file", options.file, "JSON file")->type_name("FILE")->required();
    direction->add_option("--config", options.settings_file, "TOML file with the daemon's settings")
        ->type_name("FILE");
    direction->add_option("--profiles", options.profiles_directory, profiles_meaning)->type_name("DIRECTORY");
  }
  from->callback([&options] { options.import = true; });
  return command;
}

CLI::App* add_health(CLI::App& program, HealthOptions& options) {
  CLI::App* command = program.add_subcommand("health", "Check the health of a running daemon");
  command->footer("Exit status 0: healthy; 1: not healthy, or no response within five seconds.");
  command
      ->add_option("url", options.url,
                   "http://HOST:PORT or https://HOST:PORT of the daemon (default: the local daemon, by "
                   "HTTP_LISTEN and TLS_CERT in the environment, or 127.0.0.1:8010)")
      ->type_name("URL");
  command->add_option("--ca", options.ca, ca_meaning)->type_name("FILE");
  return command;
}

}  // namespace gensetd::commands
