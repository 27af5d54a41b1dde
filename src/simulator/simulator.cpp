#include "simulator/simulator.hpp"

#include "simulator/keep_alive.hpp"
#include "simulator/listener.hpp"
#include "simulator/plant.hpp"
#include "simulator/plant_time.hpp"
#include "supervision/tasks.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>

namespace gensetd::simulator {
namespace {

namespace asio = boost::asio;
using std::chrono::steady_clock;

constexpr auto use_tuple = asio::as_tuple(asio::use_awaitable);

// The plant is looked after this often; the answers of a whole tick show one state, or several at high speed.
constexpr std::chrono::milliseconds tick{100};
// Longer the answers must not wait for the plant. With more to do, plant time goes slower than asked for.
constexpr std::chrono::milliseconds stepping_max{20};

Plant::PatternClock pattern_clock(bool wanted) {
  if (!wanted) return {};
  return [] {
    return std::chrono::duration_cast<UnixTime>(std::chrono::system_clock::now().time_since_epoch());
  };
}

}  // namespace

// Moves the plant on as real time goes.
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
    double owed = 0;  // plant steps
    while (running_) {
      next += tick;
      timer_.expires_at(next);
      co_await timer_.async_wait(use_tuple);
      if (!running_) break;
      owed += speed_ * static_cast<double>(tick.count()) / static_cast<double>(plant_step.count());
      owed = step_for(owed);
      next = std::max(next, steady_clock::now() - tick);
    }
  }

  // What is left of `owed` steps: less than one, or nothing when there was no time for all.
  double step_for(double owed) {
    const auto limit = steady_clock::now() + stepping_max;
    while (owed >= 1) {
      owed -= 1;
      plant_->step();
      if (steady_clock::now() >= limit) return 0;
    }
    return owed;
  }

  asio::steady_timer timer_;
  std::shared_ptr<Plant> plant_;
  const double speed_;
  bool running_ = false;
};

Simulator::Simulator(asio::io_context& context, Options options)
    : plant_(std::make_shared<Plant>(options.listening, options.seed, pattern_clock(options.pattern))),
      clock_(std::make_shared<PlantClock>(context, plant_, options.speed)) {
  for (std::size_t index = 0; index < options.listening.size(); ++index) {
    // Away from the seeds of the sites, which count from 0.
    const std::uint64_t seed = seed_of_part(~options.seed, index);
    listeners_.push_back(std::make_shared<Listener>(context, options.listening[index], index, plant_, seed));
    listeners_.back()->set_trace(options.trace);
  }
}

Simulator::~Simulator() { stop(); }

void Simulator::start() {
  clock_->start();
  for (const auto& listener : listeners_) listener->start();
}

void Simulator::stop() {
  clock_->stop();
  for (const auto& listener : listeners_) listener->stop();
}

std::vector<std::uint16_t> Simulator::ports() const {
  std::vector<std::uint16_t> ports;
  ports.reserve(listeners_.size());
  for (const auto& listener : listeners_) ports.push_back(listener->port());
  return ports;
}

std::uint16_t Simulator::register_value(std::size_t listening, std::size_t controller,
                                        std::uint16_t address) const {
  return plant_->registers(listening, controller).at(address);
}

void Simulator::set_register(std::size_t listening, std::size_t controller, std::uint16_t address,
                             std::uint16_t raw) {
  plant_->pin(listening, controller, address, raw);
}

void Simulator::set_faults(std::size_t listening, const Faults& faults) {
  listeners_.at(listening)->set_faults(faults);
}

void Simulator::set_accepting(std::size_t listening, bool accepting) {
  listeners_.at(listening)->set_accepting(accepting);
}

}  // namespace gensetd::simulator
