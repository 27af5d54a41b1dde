#pragma once

#include <cstdint>
#include <string>

namespace gensetd::app {

// What the simulated plant is, and how it misbehaves. Probabilities are 0 to 1 per request.
struct SimulateOptions {
  std::string address = "127.0.0.1";
  int port = 5020;        // the first one; 0: any free ones
  int devices = 0;        // 0: the demonstration plant
  bool one_port = false;  // unit ids behind one port
  std::string protocol;   // of `devices`: tcp or rtu_over_tcp; empty: tcp
  std::uint64_t seed = 1;
  double speed = 1.0;
  int baud = 9'600;
  int turnaround_ms = 60;
  int delay_ms = 0;
  int late_by_ms = 3'000;
  double silence = 0;
  double late = 0;
  double split = 0;
  double merge = 0;
  double wrong_crc = 0;
  double garbage = 0;
  double exception = 0;
  double reset = 0;
  double wrong_unit = 0;
  double foreign = 0;
};

// `gensetd simulate`: controllers until SIGINT or SIGTERM. Prints where each one is. Exit status: 0; 2 when
// it could not start, with one line on standard error.
int simulate_command(const SimulateOptions& options);

}  // namespace gensetd::app
