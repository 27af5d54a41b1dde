#include "simulator/simulator.hpp"

#include "simulator/keep_alive.hpp"
#include "simulator/modbus_server.hpp"
#include "simulator/plant.hpp"
#include "simulator/plant_time.hpp"
#include "supervision/tasks.hpp"
#include "supervision/use_tuple.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>

namespace gensetd::simulator {
namespace {

namespace asio = boost::asio;
using std::chrono::steady_clock;

using supervision::use_tuple;

// The plant advances at this interval. All responses within a tick show one state; at high speed, a tick is
// several steps.
constexpr std::chrono::milliseconds tick{100};
// The longest time that responses wait for the plant. If the steps take longer, plant time is slower than
// requested.
constexpr std::chrono::milliseconds stepping_max{20};

Plant::PatternClock pattern_clock(bool wanted) {
  if (!wanted) return {};
  return [] {
    return std::chrono::duration_cast<UnixTime>(std::chrono::system_clock::now().time_since_epoch());
  };
}

}  // namespace

// Advances the plant with real time.
class PlantClock : public std::enable_shared_from_this<PlantClock> {
 public:
  PlantClock(asio::io_context& context, std::shared_ptr<Plant> plant, double speed)
      : timer_(context), plant_(std::move(plant)), speed_(speed) {}

  void start() {
    if (running_) return;
    running_ = true;
    supervision::spawn(timer_.get_executor(), supervision::Task::simulator,
                       keep_alive(shared_from_this(), run()));
  }

  void stop() {
    running_ = false;
    timer_.cancel();
  }

 private:
  asio::awaitable<void> run() {
    auto next = steady_clock::now();
    double steps_due = 0;  // plant steps
    while (running_) {
      next += tick;
      timer_.expires_at(next);
      co_await timer_.async_wait(use_tuple);
      if (!running_) break;
      steps_due += speed_ * static_cast<double>(tick.count()) / static_cast<double>(plant_step.count());
      steps_due = run_steps(steps_due);
      next = std::max(next, steady_clock::now() - tick);
    }
  }

  // Runs the due steps. Returns the remaining fraction of a step, or 0 if the time was not sufficient for
  // all.
  double run_steps(double steps_due) {
    const auto limit = steady_clock::now() + stepping_max;
    while (steps_due >= 1) {
      steps_due -= 1;
      plant_->step();
      if (steady_clock::now() >= limit) return 0;
    }
    return steps_due;
  }

  asio::steady_timer timer_;
  std::shared_ptr<Plant> plant_;
  const double speed_;
  bool running_ = false;
};

Simulator::Simulator(asio::io_context& context, SimulatorOptions options)
    : plant_(std::make_shared<Plant>(options.servers, options.seed, pattern_clock(options.pattern))),
      clock_(std::make_shared<PlantClock>(context, plant_, options.speed)) {
  if (options.oil_failure_after)
    plant_->fail_oil_pump_at(static_cast<std::uint64_t>(*options.oil_failure_after / plant_step) + 1);
  for (std::size_t index = 0; index < options.servers.size(); ++index) {
    // Differs from the seeds of the sites, whose indices also start at 0.
    const std::uint64_t seed = seed_of_part(~options.seed, index);
    servers_.push_back(std::make_shared<ModbusServer>(context, options.servers[index], index, plant_, seed));
    servers_.back()->set_trace(options.trace);
  }
}

Simulator::~Simulator() { stop(); }

void Simulator::start() {
  clock_->start();
  for (const auto& server : servers_) server->start();
}

void Simulator::stop() {
  clock_->stop();
  for (const auto& server : servers_) server->stop();
}

std::vector<std::uint16_t> Simulator::ports() const {
  std::vector<std::uint16_t> ports;
  ports.reserve(servers_.size());
  for (const auto& server : servers_) ports.push_back(server->port());
  return ports;
}

std::uint16_t Simulator::register_value(std::size_t server, std::size_t controller,
                                        std::uint16_t address) const {
  return plant_->registers(server, controller).at(modbus::holding_register(address));
}

void Simulator::set_register(std::size_t server, std::size_t controller, std::uint16_t address,
                             std::uint16_t raw) {
  plant_->pin(server, controller, address, raw);
}

void Simulator::set_faults(std::size_t server, const LineFaults& faults) {
  servers_.at(server)->set_faults(faults);
}

void Simulator::set_accepting(std::size_t server, bool accepting) {
  servers_.at(server)->set_accepting(accepting);
}

}  // namespace gensetd::simulator
