// A full HGM9560 cycle at 9600 baud against the sum of its parts: what the wire, the controller's turnaround
// and the request gaps cost for the best plan. Beside it nine separate blocks with the specification's
// pauses. `serial_cycle [CYCLES]`; exit status 1 when the cycle takes more than 1.2 times its parts.

#include "link/link.hpp"
#include "modbus/rtu_frame.hpp"
#include "poller/cycle.hpp"
#include "poller/transaction_of.hpp"
#include "profile/catalog.hpp"
#include "profile/read_plan.hpp"
#include "simulator/simulator.hpp"
#include "specification_client.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace gensetd::bench {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::steady_clock;

constexpr double ratio_max = 1.2;
constexpr unsigned baud = 9'600;
constexpr int bits_per_character = 11;
constexpr milliseconds turnaround{60};
constexpr milliseconds poll_interval{2'000};  // the default
constexpr int cycles_by_default = 10;
constexpr std::uint8_t unit_id = 1;

double ms(nanoseconds time) { return std::chrono::duration<double, std::milli>(time).count(); }

double median(std::vector<nanoseconds> times) {
  std::ranges::sort(times);
  return ms(times.at(times.size() / 2));
}

double wire_ms(std::size_t bytes) { return static_cast<double>(bytes) * bits_per_character * 1'000.0 / baud; }

// What one read costs at least.
struct ReadCost {
  modbus::ReadRequest read;
  double gap = 0;  // milliseconds, as all here
  double request = wire_ms(modbus::rtu_request_length);
  double controller = ms(turnaround);
  double answer = 0;

  double sum() const { return gap + request + controller + answer; }
};

// The line is silent before the first read of a cycle anyway.
std::vector<ReadCost> costs_of(const std::vector<modbus::ReadRequest>& reads, milliseconds gap) {
  std::vector<ReadCost> all;
  for (const modbus::ReadRequest& read : reads) {
    all.push_back({.read = read,
                   .gap = all.empty() ? 0 : ms(gap),
                   .answer = wire_ms(modbus::rtu_response_length(read.byte_count()))});
  }
  return all;
}

double print(const char* title, const std::vector<ReadCost>& parts) {
  fmt::print("{}\n  registers     count  bytes     gap  request  turnaround  answer     sum (ms)\n", title);
  double sum = 0;
  for (const ReadCost& part : parts) {
    const std::string range = fmt::format("{}..{}", part.read.first, part.read.first + part.read.count - 1);
    fmt::print("  {:<12} {:6} {:6} {:7.1f} {:8.1f} {:11.1f} {:7.1f} {:7.1f}\n", range, part.read.count,
               modbus::rtu_request_length + modbus::rtu_response_length(part.read.byte_count()), part.gap,
               part.request, part.controller, part.answer, part.sum());
    sum += part.sum();
  }
  fmt::print("  {:>69.1f}\n", sum);
  return sum;
}

// A simulated HGM9560 behind a converter, on its own thread; records the requests.
class RecordingController {
 public:
  explicit RecordingController(profile::ProfilePtr profile)
      : simulator_(context_, options(std::move(profile))) {
    simulator_.start();
    thread_ = std::thread([this] { context_.run(); });
  }
  ~RecordingController() {
    boost::asio::post(context_, [this] {
      simulator_.stop();
      context_.stop();
    });
    thread_.join();
  }
  RecordingController(const RecordingController&) = delete;
  RecordingController& operator=(const RecordingController&) = delete;

  std::uint16_t port() const { return simulator_.ports().front(); }

  // The requests since the last call.
  std::vector<modbus::ReadRequest> take_requests() {
    const std::lock_guard lock(mutex_);
    return std::exchange(requests_, {});
  }

 private:
  simulator::SimulatorOptions options(profile::ProfilePtr profile) {
    simulator::ModbusServerOptions place{.protocol = modbus::Protocol::rtu_over_tcp,
                                         .serial_pacing = true,
                                         .baud = baud,
                                         .turnaround = turnaround};
    place.controllers = {{.profile = std::move(profile), .unit_id = unit_id, .site = "bench"}};
    simulator::SimulatorOptions options{.servers = {place}};
    options.trace = [this](const std::string& line) { note(line); };
    return options;
  }

  void note(const std::string& line) {
    int first = 0;
    int last = 0;
    const auto reads = line.find("reads ");
    if (reads == std::string::npos || std::sscanf(line.c_str() + reads, "reads %d..%d", &first, &last) != 2)
      return;
    const std::lock_guard lock(mutex_);
    requests_.push_back({.unit_id = unit_id,
                         .function = modbus::Function::holding_registers,
                         .first = static_cast<std::uint16_t>(first),
                         .count = static_cast<std::uint16_t>(last - first + 1)});
  }

  std::mutex mutex_;
  std::vector<modbus::ReadRequest> requests_;
  boost::asio::io_context context_{1};
  simulator::Simulator simulator_;
  std::thread thread_;
};

struct MeasuredCycle {
  nanoseconds time;
  std::vector<modbus::ReadRequest> requests;
};

// Runs cycles through the daemon's own link, one each poll interval.
class CycleRunner final : public link::TransactionHandler {
 public:
  CycleRunner(RecordingController& controller, profile::ProfilePtr profile, int cycles)
      : controller_(controller),
        profile_(std::move(profile)),
        address_{.host = "127.0.0.1",
                 .port = controller.port(),
                 .unit_id = unit_id,
                 .protocol = modbus::Protocol::rtu_over_tcp},
        cycles_(cycles),
        links_(context_),
        link_(links_.get(address_.host, address_.port)),
        cycle_(profile_, address_.protocol),
        timer_(context_) {}
  ~CycleRunner() { link_->withdraw(*this); }
  CycleRunner(const CycleRunner&) = delete;
  CycleRunner& operator=(const CycleRunner&) = delete;

  std::vector<MeasuredCycle> run() {
    begin();
    context_.run();
    return measured_;
  }

 private:
  void begin() {
    started_ = steady_clock::now();
    follow(cycle_.begin(!measured_.empty() || warm_));
  }

  void follow(const poller::Step& step) {
    if (const auto* send = std::get_if<poller::SendRequest>(&step)) {
      link_->submit(*this, poller::transaction_of(address_, *profile_, send->request, milliseconds{2'000}));
    } else if (std::holds_alternative<poller::PauseBeforeRetry>(step)) {
      throw std::runtime_error("a response was lost on a line without faults");
    } else if (std::holds_alternative<poller::CycleFinished>(step)) {
      end();
    }
  }

  void finished(const link::Outcome& outcome) override { follow(cycle_.process(outcome)); }

  // The first cycle connects, and is not measured.
  void end() {
    if (cycle_.failure()) throw std::runtime_error("a cycle failed: " + cycle_.failure()->error.message());
    const MeasuredCycle seen{.time = steady_clock::now() - started_, .requests = controller_.take_requests()};
    if (std::exchange(warm_, true)) measured_.push_back(seen);
    if (std::ssize(measured_) == cycles_) return context_.stop();
    timer_.expires_at(started_ + poll_interval);
    timer_.async_wait([this](boost::system::error_code aborted) {
      if (!aborted) begin();
    });
  }

  RecordingController& controller_;
  profile::ProfilePtr profile_;
  const poller::DeviceAddress address_;
  const int cycles_;
  boost::asio::io_context context_{1};
  link::Pool links_;
  std::shared_ptr<link::Link> link_;
  poller::Cycle cycle_;
  boost::asio::steady_timer timer_;
  steady_clock::time_point started_;
  std::vector<MeasuredCycle> measured_;
  bool warm_ = false;
};

std::vector<modbus::ReadRequest> requests_of(const profile::ReadPlan& plan) {
  std::vector<modbus::ReadRequest> requests;
  for (const profile::PlannedRead& read : plan)
    requests.push_back({.unit_id = unit_id,
                        .function = modbus::Function::holding_registers,
                        .first = read.first,
                        .count = read.count});
  return requests;
}

// The cycle whose time is the median.
const MeasuredCycle& typical(std::vector<MeasuredCycle>& cycles) {
  std::ranges::sort(cycles, {}, &MeasuredCycle::time);
  return cycles.at(cycles.size() / 2);
}

int run(int cycles) {
  const auto profile = profile::Catalog::built_in().find("hgm9560");
  const milliseconds gap = profile->serial.request_gap;
  fmt::print("HGM9560 at {} baud, a character of {} bits, turnaround {} ms, request gap {} ms\n\n", baud,
             bits_per_character, turnaround.count(), gap.count());
  const auto plan = requests_of(profile::merged_plan(*profile, modbus::Protocol::rtu_over_tcp));
  const double sum =
      print("The best plan for the registers wanted, and what its parts cost:", costs_of(plan, gap));

  std::vector<MeasuredCycle> measured;
  std::vector<nanoseconds> as_specified;
  {
    RecordingController controller(profile);
    measured = CycleRunner(controller, profile, cycles).run();
  }
  {
    RecordingController controller(profile);
    as_specified = read_as_specified(controller.port(), unit_id, profile->blocks, std::max(1, cycles / 3));
  }
  const MeasuredCycle& cycle = typical(measured);
  const double requested_sum = print(
      "\nThe requests of the median cycle (with additional registers, so that all responses are "
      "distinguishable):",
      costs_of(cycle.requests, gap));
  const double cycle_ms = ms(cycle.time);
  const double ratio = cycle_ms / sum;
  const double specified_ms = median(as_specified);
  fmt::print("\n{:<52} {:8.1f} ms\n", fmt::format("median of {} cycles", cycles), cycle_ms);
  fmt::print("{:<52} {:8.3f}    (at most {})\n", "to the parts of the best plan", ratio, ratio_max);
  fmt::print("{:<52} {:8.3f}\n", "to the parts of the requests", cycle_ms / requested_sum);
  fmt::print("{:<52} {:8.1f} ms\n", "nine separate blocks with the specification's pauses", specified_ms);
  fmt::print("{:<52} {:8.1f}\n", "times as long as a cycle", specified_ms / cycle_ms);
  return ratio <= ratio_max ? 0 : 1;
}

}  // namespace
}  // namespace gensetd::bench

int main(int argc, char** argv) {
  const int cycles = argc > 1 ? std::atoi(argv[1]) : gensetd::bench::cycles_by_default;
  if (cycles < 1) return std::fputs("serial_cycle [CYCLES]\n", stderr), 2;
  try {
    return gensetd::bench::run(cycles);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "serial_cycle: %s\n", error.what());
    return 2;
  }
}
