#include "commands/option_group.hpp"
#include "commands/option_values.hpp"
#include "commands/read_options.hpp"
#include "commands/simulate_command.hpp"
#include "commands/simulate_faults.hpp"
#include "profile/catalog.hpp"
#include "profile/words.hpp"
#include "registry/types.hpp"
#include "simulator/simulator.hpp"

#include <CLI/CLI.hpp>
#include <boost/asio/ip/address.hpp>
#include <fmt/format.h>

#include <optional>
#include <utility>

// The options of `gensetd simulate`: their help texts, and the plant that they describe.
namespace gensetd::commands {
namespace {

using simulator::ModbusServerOptions;
using std::chrono::milliseconds;

void add_plant(OptionGroup plant, SimulateOptions& options) {
  plant.add_with_default("--address", "IP", options.address, "Address to listen on");
  plant.add_with_default("--port", "PORT", options.port, "The first port; 0: any free ports");
  plant.add_with_default("--devices", "COUNT", options.devices,
                         "Number of devices; 0: two sites with two HGM9520N and one HGM9560 each");
  plant.flag("--one-port", options.one_port, "The devices are unit ids 1..247 behind one port");
  plant.list("--profile", "NAME", options.profiles,
             "Register maps of --devices, in turn, separated by commas (default hgm9520n)");
  plant.add("--profiles", "DIRECTORY", options.profiles_directory,
            "Directory of register maps, for --profile");
  plant.add_with_default("--protocol", "PROTOCOL", options.protocol,
                         "Protocol of --devices: tcp or rtu_over_tcp");
  plant.add_with_default("--seed", "NUMBER", options.seed, "The same seed gives the same plant");
  plant.add_with_default("--speed", "FACTOR", options.speed, "Plant time per real time");
  plant.add("--oil-failure-after", "SECONDS", options.oil_failure_after,
            "The first genset loses its oil pressure after so much plant time, and is shut down");
  plant.flag("--pattern", options.pattern,
             "Each register contains unit id % 4, address % 256 and UTC tenths of a second % 64, in 2, 8 and "
             "6 bits");
  plant.flag("--trace", options.trace, "Print each connection and request");
}

void add_line(OptionGroup line, SimulateOptions& options) {
  line.add_with_default("--baud", "BAUD", options.baud,
                        "Baud rate of the serial lines, with 11 bits per character");
  line.add_with_default("--turnaround-ms", "MILLISECONDS", options.turnaround_ms,
                        "From request to response on a serial line");
  line.add_with_default("--packing-ms", "MILLISECONDS", options.packing_ms,
                        "The converter sends a packet each time this has passed; 0: after a pause of four "
                        "characters");
  line.add_with_default("--clients-max", "COUNT", options.clients_max,
                        "Connections at a time, further ones are reset; 0: 8 for a converter, 64 for Modbus "
                        "TCP");
  line.add_with_default("--foreign-master", "none|hidden|seen", options.foreign_master,
                        "Another master polls the HGM9560 blocks of each unit behind a converter: none, "
                        "hidden (another client of the converter) or seen (with its requests)");
}

void add_controller(OptionGroup controller, SimulateOptions& options) {
  controller.list("--dead-units", "UNIT_ID", options.dead_units,
                  "Unit ids that never respond, separated by commas");
  controller.add_with_default("--merge-limit", "COUNT", options.merge_limit,
                              "Registers per request; requests for more are refused");
  controller.list("--unknown", "ADDR:COUNT", options.unknown,
                  "Ranges of registers, separated by commas: requests that touch one are refused");
  controller.add_with_default("--refuse", "silence|exception", options.refuse,
                              "How requests are refused: by silence, or by exception 2");
}

void add_chances(OptionGroup group, simulator::LineFaults& faults) {
  const auto add = [&](const char* option, double& chance, const char* meaning) {
    group.add_with_default(option, "CHANCE", chance, meaning);
  };
  add("--silence", faults.silence, "No response");
  add("--late", faults.late, "The response is late, possibly after those to later requests");
  add("--doubled", faults.doubled, "The response is sent twice, at once or later");
  add("--split", faults.split, "The response is sent in pieces");
  add("--merge", faults.merge, "The response is joined with another frame");
  add("--wrong-crc", faults.wrong_crc, "The CRC is wrong (rtu_over_tcp)");
  add("--garbage", faults.garbage, "Random bytes instead of the response");
  add("--exception", faults.exception, "A Modbus exception");
  add("--reset", faults.reset, "The connection is reset");
  add("--hang", faults.hang, "The connection stays open and transfers nothing any more");
  add("--wrong-unit", faults.wrong_unit, "The response has another unit id");
  add("--foreign", faults.foreign, "A frame of another master before the response");
  add("--short", faults.short_response, "The response has fewer registers than requested");
  add("--behind", faults.lag.start_chance,
      "From this response on, each one is sent one request late, until the connection is closed");
  add("--lookalike", faults.lookalike,
      "A response to another master, with our unit id and length but other registers");
}

void add_details(OptionGroup group, SimulateOptions& options) {
  const auto add = [&](const char* option, const char* kind, auto& value, const char* meaning) {
    group.add_with_default(option, kind, value, meaning);
  };
  add("--delay-ms", "MILLISECONDS", options.delay_ms, "Delay of each response");
  add("--late-by-ms", "MILLISECONDS", options.late_by_ms, "With --late: minimum delay");
  add("--late-spread-ms", "MILLISECONDS", options.late_spread_ms,
      "With --late: maximum random time to add to it");
  add("--doubled-by-ms", "MILLISECONDS", options.doubled_by_ms, "With --doubled: maximum delay of the copy");
  add("--lookalike-place", "PLACE", options.lookalike_place,
      "With --lookalike: before or after our response, instead of it, or anywhere");
  add("--lookalike-request", "CHANCE", options.faults.lookalike_request,
      "With --lookalike: chance 0..1 that its request is seen");
  add("--behind-id", "own|new", options.behind_id,
      "With --behind: each response keeps its own transaction id (own), or a gateway gives it the new id and "
      "unit number (new; for all connections)");
  add("--behind-recover", "CHANCE", options.faults.lag.end_chance,
      "With --behind: chance 0..1 per response that the responses are in step again");
  add("--outage-every", "SECONDS", options.outage_every_seconds, "Period that contains one outage");
  add("--outage-for", "SECONDS", options.outage_for_seconds,
      "Duration of an outage, in which the line sends nothing; 0: none");
}

void add_stray_bytes(OptionGroup group, SimulateOptions& options) {
  group.add_with_default("--stray-before", "HEX", options.stray_before,
                         "Bytes before each response, such as 00 or ffff");
  group.add_with_default("--stray-behind", "HEX", options.stray_behind, "Bytes after each response");
  group.add_with_default("--stray-chance", "CHANCE", options.faults.stray_bytes.chance,
                         "Chance 0..1 that a response has them");
  group.add_with_default("--stray-pause-ms", "MILLISECONDS", options.stray_pause_ms,
                         "Pause between these bytes and the response");
  group.add_with_default("--identity", "TEXT", options.identity,
                         "Text that the converter sends unrequested, such as www.usr.cn");
  group.list("--identity-at", "connect|packet", options.identity_when,
             "When it sends the text: at each connect, before each packet, or both, separated by a comma");
  group.add_with_default("--identity-every", "SECONDS", options.identity_every_seconds,
                         "Also send the text at this interval; 0: do not");
  group.add_with_default("--idle-strays", "SECONDS", options.unsolicited_every_seconds,
                         "Interval of frames that nobody requested, while no request is pending "
                         "(rtu_over_tcp: or bytes 00 or ff); 0: none");
  group.add_with_default("--idle-strays-id", "any|before|at|after", options.unsolicited_id,
                         "With --idle-strays: transaction ids before, at or after the last one, or any of "
                         "these");
}

void add_connections(OptionGroup group, SimulateOptions& options) {
  group.add_with_default("--deaf", "SECONDS", options.deaf_seconds,
                         "Time after connecting in which requests get no response");
  group.add_with_default("--close-after", "COUNT", options.close_after,
                         "Responses after which the connection is closed; 0: never");
  group.add_with_default("--close-idle", "SECONDS", options.close_idle_seconds,
                         "Time without a request after which the connection is closed; 0: never");
  group.flag("--drop-oldest", options.drop_oldest,
             "A connection beyond --clients-max ends the oldest one instead of being reset");
  group.flag("--copy-responses", options.copies,
             "Each response also goes to all other clients, with the transaction id of its request (tcp)");
  group.add_with_default("--id", "same|one|ahead", options.id,
                         "Transaction id of a response: that of its request, always one, or one ahead");
}

profile::ProfilePtr profile_named(const profile::Catalog& catalog, const std::string& name) {
  if (auto found = catalog.find(name)) return found;
  throw BadOption(fmt::format("--profile: '{}' is not a profile; `gensetd profiles` lists them", name));
}

std::optional<simulator::ForeignMasterOptions> foreign_master_of(const SimulateOptions& options,
                                                                 const profile::Catalog& catalog) {
  enum class Presence { none, hidden, seen };
  const auto presence =
      one_of<Presence>("--foreign-master", options.foreign_master,
                       {{"none", Presence::none}, {"hidden", Presence::hidden}, {"seen", Presence::seen}});
  if (presence == Presence::none) return std::nullopt;
  std::vector<profile::Block> blocks = profile_named(catalog, "hgm9560")->blocks;
  std::erase_if(blocks, [](const profile::Block& block) { return !block.is_always_read(); });
  return simulator::ForeignMasterOptions{.blocks = std::move(blocks),
                                         .requests_visible = presence == Presence::seen};
}

// Sets the options that are the same for each listening place.
void apply_common_options(ModbusServerOptions& place, const SimulateOptions& options) {
  place.address = options.address;
  place.faults = faults_of(options);
  place.limits = limits_of(options);
  place.outage = outage_of(options);
  place.identity = identity_of(options);
  place.unsolicited_data = unsolicited_data_of(options);
  place.connection_behaviour = connections_of(options);
  place.copies_responses = options.copies;
  place.baud = static_cast<unsigned>(options.baud);
  place.turnaround = milliseconds{options.turnaround_ms};
  place.packing = milliseconds{options.packing_ms};
  place.clients_max = static_cast<std::size_t>(options.clients_max);
  for (const int unit_id : options.dead_units) {
    check_range("--dead-units", unit_id, 0, 255);
    place.dead_units.push_back(static_cast<std::uint8_t>(unit_id));
  }
}

// `--profile` and `--protocol`, for the controllers of --devices.
void apply_profiles_and_protocol(simulator::SimulatorOptions& plant, const SimulateOptions& options,
                                 const profile::Catalog& catalog) {
  std::size_t device = 0;
  for (ModbusServerOptions& place : plant.servers) {
    for (simulator::SimulatedController& controller : place.controllers) {
      if (!options.profiles.empty())
        controller.profile = profile_named(catalog, options.profiles[device++ % options.profiles.size()]);
    }
    if (options.protocol.empty()) continue;
    const auto protocol = profile::protocol_from(options.protocol);
    if (!protocol)
      throw BadOption(fmt::format("--protocol: '{}' is neither tcp nor rtu_over_tcp", options.protocol));
    place.protocol = *protocol;
    place.serial_pacing = *protocol == modbus::Protocol::rtu_over_tcp;
  }
}

}  // namespace

CLI::App* add_simulate(CLI::App& program, SimulateOptions& options) {
  CLI::App* command = program.add_subcommand("simulate", "Simulate a plant of controllers");
  add_plant({*command, "Plant"}, options);
  add_line({*command, "Serial line and converter"}, options);
  add_controller({*command, "Missing units and refused requests"}, options);
  add_chances({*command, "Faults, by the chance 0..1 that one affects a response"}, options.faults);
  add_details({*command, "Faults in detail"}, options);
  add_stray_bytes({*command, "Bytes that nobody requested"}, options);
  add_connections({*command, "Connections and transaction ids"}, options);
  return command;
}

simulator::SimulatorOptions plant_of(const SimulateOptions& options) {
  check_range("--port", options.port, 0, 65'535);
  check_range("--devices", options.devices, 0, 1'000'000);
  check_range("--speed", options.speed, 0.01, 1'000);
  if (options.oil_failure_after) check_range("--oil-failure-after", *options.oil_failure_after, 0, 86'400);
  check_range("--baud", options.baud, 300, 1'000'000);
  check_range("--turnaround-ms", options.turnaround_ms, 0, 60'000);
  check_range("--packing-ms", options.packing_ms, 0, 1'000);
  check_range("--clients-max", options.clients_max, 0, 1'000);
  boost::system::error_code failed;
  boost::asio::ip::make_address(options.address, failed);
  if (failed) throw BadOption(fmt::format("--address: '{}' is not an IP address", options.address));
  const auto catalog = catalog_with(options.profiles_directory);
  const auto first_port = static_cast<std::uint16_t>(options.port);
  simulator::SimulatorOptions plant =
      options.devices == 0 ? simulator::demo_plant(catalog, first_port, options.seed)
                           : simulator::many_gensets(catalog, static_cast<std::size_t>(options.devices),
                                                     first_port, options.one_port, options.seed);
  plant.speed = options.speed;
  plant.pattern = options.pattern;
  if (options.oil_failure_after) plant.oil_failure_after = std::chrono::seconds{*options.oil_failure_after};
  if (options.devices != 0) apply_profiles_and_protocol(plant, options, catalog);
  const auto foreign_master = foreign_master_of(options, catalog);
  for (ModbusServerOptions& place : plant.servers) {
    apply_common_options(place, options);
    place.foreign_master = foreign_master;
  }
  return plant;
}

}  // namespace gensetd::commands
