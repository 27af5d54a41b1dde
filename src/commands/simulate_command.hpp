#pragma once

#include "simulator/options.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace CLI {  // NOLINT(readability-identifier-naming): it is CLI11's
class App;
}

namespace gensetd::commands {

// The options of `gensetd simulate` as given: the plant and its faults. The durations of `faults` are the
// options in milliseconds below.
struct SimulateOptions {
  std::string address = "127.0.0.1";
  int port = 5020;                    // the first port; 0: any free ports
  int devices = 0;                    // 0: the demonstration plant
  bool one_port = false;              // the devices are unit ids behind one port
  std::vector<std::string> profiles;  // of `devices`, in turn; none: hgm9520n
  std::string profiles_directory;     // more register maps for `profiles`, or empty
  std::string protocol;               // of `devices`: tcp or rtu_over_tcp; empty: tcp
  std::uint64_t seed = 1;
  double speed = 1.0;
  std::optional<int> oil_failure_after;
  bool pattern = false;
  bool trace = false;

  int baud = 9'600;
  int turnaround_ms = 60;
  int packing_ms = 0;
  int clients_max = 0;
  std::string foreign_master = "none";  // or hidden or seen

  std::vector<int> dead_units;
  int merge_limit = 125;
  std::vector<std::string> unknown;  // ADDR:COUNT
  std::string refuse = "silence";    // or exception

  double outage_every_seconds = 60;
  double outage_for_seconds = 0;
  simulator::LineFaults faults;
  int delay_ms = 0;
  int late_by_ms = 3'000;
  int late_spread_ms = 0;
  int doubled_by_ms = 1'000;
  std::string lookalike_place = "anywhere";  // or before, after or instead

  std::string stray_before;  // bytes in hexadecimal
  std::string stray_behind;
  int stray_pause_ms = 0;
  std::string identity;
  std::vector<std::string> identity_when;  // connect, packet
  double identity_every_seconds = 0;
  double unsolicited_every_seconds = 0;
  std::string unsolicited_id = "any";  // or before, at or after
  std::string behind_id = "own";       // or new
  std::string id = "same";             // or one or ahead
  bool copies = false;
  double deaf_seconds = 0;
  int close_after = 0;
  double close_idle_seconds = 0;
  bool drop_oldest = false;
};

// Adds the subcommand; CLI11 writes the values into `options`.
CLI::App* add_simulate(CLI::App& program, SimulateOptions& options);

// The plant that the options describe. Throws std::runtime_error naming the option, its value and what is
// allowed.
simulator::SimulatorOptions plant_of(const SimulateOptions& options);

// `gensetd simulate`: simulates controllers until SIGINT or SIGTERM, and prints where each one listens. Exit
// status: 0; 2 when it could not start, with one line on standard error.
int simulate_command(const SimulateOptions& options);

}  // namespace gensetd::commands
