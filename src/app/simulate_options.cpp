#include "app/option_values.hpp"
#include "app/simulate_command.hpp"
#include "app/simulate_faults.hpp"
#include "profile/catalog.hpp"
#include "registry/types.hpp"
#include "simulator/simulator.hpp"

#include <CLI/CLI.hpp>
#include <boost/asio/ip/address.hpp>
#include <fmt/format.h>

#include <optional>
#include <utility>

// The options of `gensetd simulate`: their help, and the plant that they describe.
namespace gensetd::app {
namespace {

using simulator::Listening;
using std::chrono::milliseconds;

// One kind of options, as --help shows them together.
class OptionGroup {
 public:
  OptionGroup(CLI::App& command, std::string name) : command_(command), name_(std::move(name)) {}

  template <class Value>
  void add(const char* option, Value& value, const char* meaning) {
    command_.add_option(option, value, meaning)->capture_default_str()->group(name_);
  }
  void flag(const char* option, bool& value, const char* meaning) {
    command_.add_flag(option, value, meaning)->group(name_);
  }
  template <class Value>
  void list(const char* option, std::vector<Value>& values, const char* meaning) {
    command_.add_option(option, values, meaning)->delimiter(',')->group(name_);
  }

 private:
  CLI::App& command_;
  std::string name_;
};

void add_plant(OptionGroup plant, SimulateOptions& options) {
  plant.add("--address", options.address, "IP address to listen on");
  plant.add("--port", options.port, "The first port; 0: any free ones");
  plant.add("--devices", options.devices, "That many; 0: two sites with two HGM9520N and one HGM9560 each");
  plant.flag("--one-port", options.one_port, "The devices are unit ids 1..247 behind one port");
  plant.list("--profile", options.profiles, "Of --devices, in turn, by commas (default hgm9520n)");
  plant.add("--protocol", options.protocol, "tcp or rtu_over_tcp, with --devices");
  plant.add("--seed", options.seed, "The same seed lives the same life");
  plant.add("--speed", options.speed, "Plant time in real time");
  plant.flag(
      "--pattern", options.pattern,
      "Each register tells unit id % 4, address % 256 and UTC tenths of a second % 64, in 2, 8 and 6 bits");
  plant.flag("--trace", options.trace, "Print each connection and request");
}

void add_line(OptionGroup line, SimulateOptions& options) {
  line.add("--baud", options.baud, "Of the serial lines, with 11 bits a character");
  line.add("--turnaround-ms", options.turnaround_ms, "From request to answer on a serial line");
  line.add("--packing-ms", options.packing_ms,
           "The converter sends packets of so long a time; 0: after a pause of four characters");
  line.add("--clients-max", options.clients_max,
           "Connections at a time, others are reset; 0: 8 for a converter, 64 for Modbus TCP");
  line.add(
      "--foreign-master", options.foreign_master,
      "Somebody else polls the HGM9560 blocks of each unit behind a converter: none, hidden (another client "
      "of the converter) or seen (with its requests)");
}

void add_controller(OptionGroup controller, SimulateOptions& options) {
  controller.list("--dead-units", options.dead_units, "Unit ids that never answer, by commas");
  controller.add("--merge-limit", options.merge_limit, "Registers in one request, more are refused");
  controller.list("--unknown", options.unknown,
                  "ADDR:COUNT, by commas: requests that touch one of these are refused");
  controller.add("--refuse", options.refuse, "How: by silence, or by exception 2");
}

void add_chances(OptionGroup group, simulator::Faults& faults) {
  group.add("--silence", faults.silence, "No answer");
  group.add("--late", faults.late, "The answer comes late, perhaps after those to later requests");
  group.add("--doubled", faults.doubled, "The answer comes twice, at once or later");
  group.add("--split", faults.split, "The answer comes in pieces");
  group.add("--merge", faults.merge, "The answer comes joined with another frame");
  group.add("--wrong-crc", faults.wrong_crc, "A wrong CRC (rtu_over_tcp)");
  group.add("--garbage", faults.garbage, "Random bytes instead of the answer");
  group.add("--exception", faults.exception, "A Modbus exception");
  group.add("--reset", faults.reset, "The connection is reset");
  group.add("--hang", faults.hang, "The connection stays open and carries nothing any more");
  group.add("--wrong-unit", faults.wrong_unit, "The answer has another unit id");
  group.add("--foreign", faults.foreign, "Another master's frame before the answer");
  group.add("--short", faults.short_response, "The response has fewer registers than requested");
  group.add("--behind", faults.behind.falls,
            "From this response on each comes one request late, until the connection is closed");
  group.add("--lookalike", faults.lookalike,
            "Another master's answer of our unit and length, but of other registers");
}

void add_details(OptionGroup group, SimulateOptions& options) {
  group.add("--delay-ms", options.delay_ms, "Added to each answer");
  group.add("--late-by-ms", options.late_by_ms, "Of --late: at least");
  group.add("--late-spread-ms", options.late_spread_ms, "Of --late: and up to so much more");
  group.add("--doubled-by-ms", options.doubled_by_ms, "Of --doubled: at most");
  group.add("--lookalike-place", options.lookalike_place,
            "Of --lookalike: before or after our answer, instead of it, or anywhere");
  group.add("--lookalike-request", options.faults.lookalike_request,
            "Of --lookalike: chance 0..1 that its request is seen");
  group.add(
      "--behind-id", options.behind_id,
      "Of --behind: each response keeps its own transaction id (own), or a gateway gives it the new id and "
      "unit number (new; for all connections)");
  group.add("--behind-recover", options.faults.behind.recovers,
            "Of --behind: chance 0..1 per response that it is in step again");
  group.add("--outage-every", options.outage_every_seconds, "Seconds in which one outage comes");
  group.add("--outage-for", options.outage_for_seconds, "Seconds that nothing comes from the line; 0: none");
}

void add_strays(OptionGroup group, SimulateOptions& options) {
  group.add("--stray-before", options.stray_before,
            "Bytes before each response, in hexadecimal, such as 00 or ffff");
  group.add("--stray-behind", options.stray_behind, "Bytes behind each response");
  group.add("--stray-chance", options.faults.strays.chance, "Chance 0..1 that a response has them");
  group.add("--stray-pause-ms", options.stray_pause_ms, "Between these bytes and the response");
  group.add("--identity", options.identity, "A text that the converter sends by itself, such as www.usr.cn");
  group.list("--identity-at", options.identity_when, "When: connect, packet (before each one), by commas");
  group.add("--identity-every", options.identity_every_seconds, "And each so many seconds; 0: not");
  group.add(
      "--idle-strays", options.idle_strays_every_seconds,
      "Each so many seconds a frame that nobody requested, when no request is pending (rtu_over_tcp: or "
      "bytes 00 or ff); 0: none");
  group.add("--idle-strays-id", options.idle_strays_id,
            "Of --idle-strays: transaction ids before, at or after the last one, or any of these");
}

void add_connections(OptionGroup group, SimulateOptions& options) {
  group.add("--deaf", options.deaf_seconds, "Seconds after connecting in which no request is answered");
  group.add("--close-after", options.close_after, "Responses after which the connection is closed; 0: never");
  group.add("--close-idle", options.close_idle_seconds,
            "Seconds without a request after which it is closed; 0: never");
  group.flag("--drop-oldest", options.drop_oldest,
             "A connection beyond --clients-max ends the oldest one instead of being reset");
  group.flag("--copy-responses", options.copies,
             "Each response also goes to all other clients, with the id of the client that asked (tcp)");
  group.add("--id", options.id,
            "Transaction id of a response: same as its request, always one, or one ahead");
}

profile::ProfilePtr profile_named(const profile::Catalog& catalog, const std::string& name) {
  if (auto found = catalog.find(name)) return found;
  throw BadOption(fmt::format("--profile: '{}' is no profile; `gensetd profiles` lists them", name));
}

std::optional<simulator::ForeignMasterPlan> foreign_master_of(const SimulateOptions& options,
                                                              const profile::Catalog& catalog) {
  enum class Presence { none, hidden, seen };
  const auto presence =
      one_of<Presence>("--foreign-master", options.foreign_master,
                       {{"none", Presence::none}, {"hidden", Presence::hidden}, {"seen", Presence::seen}});
  if (presence == Presence::none) return std::nullopt;
  return simulator::ForeignMasterPlan{.blocks = profile_named(catalog, "hgm9560")->blocks,
                                      .requests_seen = presence == Presence::seen};
}

// What holds for one listening place as for another.
void furnish(Listening& place, const SimulateOptions& options) {
  place.address = options.address;
  place.faults = faults_of(options);
  place.limits = limits_of(options);
  place.outage = outage_of(options);
  place.identity = identity_of(options);
  place.idle_strays = idle_strays_of(options);
  place.connections = connections_of(options);
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

// `--profile` and `--protocol`, of the controllers of --devices.
void make_as_wanted(simulator::Options& plant, const SimulateOptions& options,
                    const profile::Catalog& catalog) {
  std::size_t device = 0;
  for (Listening& place : plant.listening) {
    for (simulator::Controller& controller : place.controllers) {
      if (!options.profiles.empty())
        controller.profile = profile_named(catalog, options.profiles[device++ % options.profiles.size()]);
    }
    if (options.protocol.empty()) continue;
    const auto protocol = registry::protocol_from(options.protocol);
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
  add_controller({*command, "What controllers do not answer"}, options);
  add_chances({*command, "Faults, by the chance 0..1 that one hits an answer"}, options.faults);
  add_details({*command, "Faults in detail"}, options);
  add_strays({*command, "Bytes that nobody requested"}, options);
  add_connections({*command, "Connections and transaction ids"}, options);
  return command;
}

simulator::Options plant_of(const SimulateOptions& options) {
  check_range("--port", options.port, 0, 65'535);
  check_range("--devices", options.devices, 0, 1'000'000);
  check_range("--speed", options.speed, 0.01, 1'000);
  check_range("--baud", options.baud, 300, 1'000'000);
  check_range("--turnaround-ms", options.turnaround_ms, 0, 60'000);
  check_range("--packing-ms", options.packing_ms, 0, 1'000);
  check_range("--clients-max", options.clients_max, 0, 1'000);
  boost::system::error_code failed;
  boost::asio::ip::make_address(options.address, failed);
  if (failed) throw BadOption(fmt::format("--address: '{}' is no IP address", options.address));
  const auto catalog = profile::Catalog::built_in();
  const auto first_port = static_cast<std::uint16_t>(options.port);
  simulator::Options plant = options.devices == 0
                                 ? simulator::demo_plant(catalog, first_port, options.seed)
                                 : simulator::many(catalog, static_cast<std::size_t>(options.devices),
                                                   first_port, options.one_port, options.seed);
  plant.speed = options.speed;
  plant.pattern = options.pattern;
  if (options.devices != 0) make_as_wanted(plant, options, catalog);
  const auto foreign_master = foreign_master_of(options, catalog);
  for (Listening& place : plant.listening) {
    furnish(place, options);
    place.foreign_master = foreign_master;
  }
  return plant;
}

}  // namespace gensetd::app
