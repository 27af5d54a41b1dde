#include "commands/simulate_command.hpp"

#include "poller/describe.hpp"
#include "profile/words.hpp"
#include "reading/clocks.hpp"
#include "reading/reading.hpp"
#include "registry/types.hpp"
#include "simulator/simulator.hpp"
#include "supervision/tasks.hpp"
#include "text/host_port.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <csignal>
#include <exception>
#include <iostream>
#include <set>
#include <string>
#include <sys/resource.h>
#include <vector>

namespace gensetd::commands {
namespace {

// Each port and each connection needs a file descriptor.
void allow_many_ports() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

// The names of the controllers' profiles, each once.
std::string profiles_of(const simulator::ModbusServerOptions& place) {
  std::set<std::string> names;
  for (const simulator::SimulatedController& controller : place.controllers)
    names.insert(controller.profile->name);
  return fmt::format("{}", fmt::join(names, ","));
}

void print_plant(const simulator::SimulatorOptions& plant, const std::vector<std::uint16_t>& ports) {
  for (std::size_t index = 0; index < ports.size(); ++index) {
    const simulator::ModbusServerOptions& place = plant.servers[index];
    const simulator::SimulatedController& first = place.controllers.front();
    const std::string units = place.controllers.size() == 1 ? fmt::format("unit {}", first.unit_id)
                                                            : fmt::format("units {}..{}", first.unit_id,
                                                                          place.controllers.back().unit_id);
    std::cout << fmt::format("{} {} {} {} {}\n", text::print_host_port(place.address, ports[index]), units,
                             profile::to_word(place.protocol), profiles_of(place), first.site);
  }
  std::cout << "simulating; Ctrl-C ends it" << std::endl;
}

void print_trace(const std::string& line) {
  const auto now = reading::system_now();
  std::cout << fmt::format("{} {}", reading::print_timestamp(now), line) << std::endl;
}

void run(const SimulateOptions& options) {
  allow_many_ports();
  simulator::SimulatorOptions plant = plant_of(options);
  if (options.trace) plant.trace = print_trace;
  boost::asio::io_context context{1};
  simulator::Simulator simulator(context, plant);
  simulator.start();
  print_plant(plant, simulator.ports());
  boost::asio::signal_set signals(context, SIGINT, SIGTERM);
  signals.async_wait([&](boost::system::error_code, int) {
    simulator.stop();
    context.stop();
  });
  supervision::run(context, supervision::Task::simulator);
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

}  // namespace gensetd::commands
