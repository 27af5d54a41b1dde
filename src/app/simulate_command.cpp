#include "app/simulate_command.hpp"

#include "poller/describe.hpp"
#include "profile/catalog.hpp"
#include "registry/types.hpp"
#include "simulator/simulator.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/signal_set.hpp>
#include <fmt/format.h>

#include <csignal>
#include <iostream>
#include <stdexcept>
#include <sys/resource.h>
#include <utility>

namespace gensetd::app {
namespace {

using std::chrono::milliseconds;

struct BadOption : std::runtime_error {
  using std::runtime_error::runtime_error;
};

void check_range(const char* option, double value, double least, double most) {
  if (!(value >= least && value <= most))
    throw BadOption(fmt::format("{}: {} is out of range; give {} to {}", option, value, least, most));
}

simulator::Faults faults_of(const SimulateOptions& options) {
  const std::pair<const char*, double> chances[] = {
      {"--silence", options.silence},       {"--late", options.late},
      {"--split", options.split},           {"--merge", options.merge},
      {"--wrong-crc", options.wrong_crc},   {"--garbage", options.garbage},
      {"--exception", options.exception},   {"--reset", options.reset},
      {"--wrong-unit", options.wrong_unit}, {"--foreign", options.foreign}};
  for (const auto& [option, value] : chances) check_range(option, value, 0, 1);
  check_range("--delay-ms", options.delay_ms, 0, 60'000);
  check_range("--late-by-ms", options.late_by_ms, 0, 60'000);
  return {.silence = options.silence,
          .late = options.late,
          .late_by = milliseconds{options.late_by_ms},
          .delay = milliseconds{options.delay_ms},
          .split = options.split,
          .merge = options.merge,
          .wrong_crc = options.wrong_crc,
          .garbage = options.garbage,
          .exception = options.exception,
          .reset = options.reset,
          .wrong_unit = options.wrong_unit,
          .foreign = options.foreign};
}

simulator::Options plant_of(const SimulateOptions& options, const profile::Catalog& catalog) {
  check_range("--port", options.port, 0, 65'535);
  check_range("--devices", options.devices, 0, 1'000'000);
  check_range("--speed", options.speed, 0.01, 1'000);
  check_range("--baud", options.baud, 300, 1'000'000);
  check_range("--turnaround-ms", options.turnaround_ms, 0, 60'000);
  boost::system::error_code failed;
  boost::asio::ip::make_address(options.address, failed);
  if (failed) throw BadOption(fmt::format("--address: '{}' is no IP address", options.address));
  const auto first_port = static_cast<std::uint16_t>(options.port);
  simulator::Options plant = options.devices == 0
                                 ? simulator::demo_plant(catalog, first_port, options.seed)
                                 : simulator::many(catalog, static_cast<std::size_t>(options.devices),
                                                   first_port, options.one_port, options.seed);
  plant.speed = options.speed;
  const simulator::Faults faults = faults_of(options);
  for (simulator::Listening& place : plant.listening) {
    place.address = options.address;
    place.faults = faults;
    place.baud = static_cast<unsigned>(options.baud);
    place.turnaround = milliseconds{options.turnaround_ms};
    if (options.devices == 0 || options.protocol.empty()) continue;
    const auto protocol = registry::protocol_from(options.protocol);
    if (!protocol)
      throw BadOption(fmt::format("--protocol: '{}' is neither tcp nor rtu_over_tcp", options.protocol));
    place.protocol = *protocol;
    place.serial_pacing = *protocol == modbus::Protocol::rtu_over_tcp;
  }
  return plant;
}

// Each port and each connection takes a file descriptor.
void allow_many_ports() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

void print_plant(const simulator::Options& plant, const std::vector<std::uint16_t>& ports) {
  for (std::size_t index = 0; index < ports.size(); ++index) {
    const simulator::Listening& place = plant.listening[index];
    const simulator::Controller& first = place.controllers.front();
    const std::string units = place.controllers.size() == 1 ? fmt::format("unit {}", first.unit_id)
                                                            : fmt::format("units {}..{}", first.unit_id,
                                                                          place.controllers.back().unit_id);
    std::cout << fmt::format("{} {} {} {} {}\n", poller::host_and_port(place.address, ports[index]), units,
                             registry::to_word(place.protocol), first.profile->name, first.site);
  }
  std::cout << "simulating; Ctrl-C ends it" << std::endl;
}

void run(const SimulateOptions& options) {
  allow_many_ports();
  const auto catalog = profile::Catalog::built_in();
  const simulator::Options plant = plant_of(options, catalog);
  boost::asio::io_context context{1};
  simulator::Simulator simulator(context, plant);
  simulator.start();
  print_plant(plant, simulator.ports());
  boost::asio::signal_set signals(context, SIGINT, SIGTERM);
  signals.async_wait([&](boost::system::error_code, int) {
    simulator.stop();
    context.stop();
  });
  context.run();
}

}  // namespace

int simulate_command(const SimulateOptions& options) {
  try {
    run(options);
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "gensetd simulate: " << error.what() << std::endl;
    return 2;
  }
}

}  // namespace gensetd::app
