#include "run.hpp"

#include "converter_model.hpp"
#include "faults.hpp"
#include "genset_model.hpp"
#include "kernel.hpp"
#include "network.hpp"
#include "poller/every_register.hpp"
#include "poller/poll_thread.hpp"
#include "random_source.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include <array>
#include <map>
#include <memory>
#include <utility>

namespace gensetd::simulation {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr int gensets = 4;
constexpr int switchboards = 3;
constexpr std::uint16_t converter_port = 26;
constexpr const char* named_host = "genset-4.site.example";
constexpr minutes without_faults{4};  // at the end, for all to come back

profile::ProfilePtr map_with(Blocks blocks, const std::string& name, std::uint16_t requests_in_flight) {
  const auto map = poller::every_register_of(name);
  if (blocks == Blocks::always_read) poller::remove_optional_blocks(*map);
  map->tcp.requests_in_flight = requests_in_flight;
  return map;
}

class Run {
 public:
  Run(std::uint64_t seed, minutes length, Blocks blocks, bool printed);
  ~Run();
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  Result go();

 private:
  struct PolledDevice {
    Peer* peer = nullptr;
    poller::PollTarget target;
    std::uint64_t generation = 0;
  };

  poller::PollSettings pace(bool serial);
  void add_genset(int number);
  void add_converter();
  void add(Peer& peer, const ModelController& controller, const std::string& host, modbus::Protocol protocol);
  void poll(PolledDevice& place);
  void change_registry();
  void look_up();
  void take();

  const Blocks blocks_;
  Trace trace_;
  RandomSource randomness_;
  Kernel kernel_;
  PollerChecks checks_{kernel_, trace_};
  Network network_{kernel_, randomness_, trace_, checks_};
  PlantModel plant_;
  std::vector<std::unique_ptr<GensetModel>> gensets_;
  std::unique_ptr<ConverterModel> converter_;
  std::map<std::int64_t, PolledDevice> places_;
  std::unique_ptr<PlantFaults> faults_;
  const Time end_;
  std::uint64_t generation_ = 0;

  // The program: what poller::PollThread has on its thread, on this one.
  boost::asio::io_context context_{1};
  reading::Numbering numbering_{run_epoch};
  poller::ReadingQueue reading_queue_;
  std::unique_ptr<poller::PollThreadState> thread_state_;
};

Run::Run(std::uint64_t seed, minutes length, Blocks blocks, bool printed)
    : blocks_(blocks),
      trace_(printed),
      randomness_(seed),
      plant_{kernel_, network_, randomness_, trace_, checks_, poller::RegisterCodes(false, seed)},
      end_(kernel_.now() + length),
      thread_state_(std::make_unique<poller::PollThreadState>(context_, link::AddressPolicy{}, reading_queue_,
                                                              numbering_)) {
  thread_state_->context.random.seed(static_cast<std::uint32_t>(randomness_.bits()));
  thread_state_->links.seed(static_cast<std::uint32_t>(randomness_.bits()));
  checks_.set_register_codes(plant_.codes);
  checks_.drain_published = [this] { take(); };
  kernel_.on_step = [this] {
    take();
    checks_.step();
    if (!trace_.broken().empty()) context_.stop();
  };
  kernel_.on_broken = [this](const std::string& promise) { trace_.broken(kernel_.now(), promise); };
  kernel_.on_lookup = [this](const std::string&) { look_up(); };
  for (int number = 1; number <= gensets; ++number) add_genset(number);
  add_converter();
  std::vector<GensetModel*> all;
  for (const auto& genset : gensets_) all.push_back(genset.get());
  faults_ = std::make_unique<PlantFaults>(plant_, checks_, all, *converter_, end_ - without_faults);
}

Run::~Run() {
  kernel_.abandon_lookups();
  thread_state_.reset();
}

poller::PollSettings Run::pace(bool serial) {
  const auto random_seconds = [this](int least, std::uint64_t span) {
    return milliseconds{1'000 * (least + static_cast<int>(randomness_.below(span)))};
  };
  poller::PollSettings pace;
  pace.poll_interval = serial ? random_seconds(6, 5) : random_seconds(1, 5);
  pace.modbus_timeout = random_seconds(1, 3);
  pace.retry_delay = random_seconds(2, 6);
  pace.offline_after = 1 + static_cast<int>(randomness_.below(3));
  if (!serial && randomness_.happens(0.25)) pace.connect_delay = random_seconds(1, 5);
  return pace;
}

void Run::add_genset(int number) {
  const auto in_flight = static_cast<std::uint16_t>(1 + randomness_.below(3));
  ModelController controller{.device_id = number, .profile = map_with(blocks_, "hgm9520n", in_flight)};
  const std::string address = fmt::format("10.0.0.{}", number);
  gensets_.push_back(
      std::make_unique<GensetModel>(plant_, fmt::format("genset {}", number), address, controller));
  GensetModel& genset = *gensets_.back();
  network_.attach(genset);
  add(genset, genset.controller, number == gensets ? named_host : address, modbus::Protocol::tcp);
}

void Run::add_converter() {
  const auto profile = map_with(blocks_, "hgm9560", 1);
  std::vector<ModelController> controllers;
  for (int unit = 1; unit <= switchboards; ++unit)
    controllers.push_back(
        {.device_id = gensets + unit, .unit_id = static_cast<std::uint8_t>(unit), .profile = profile});
  converter_ = std::make_unique<ConverterModel>(plant_, "converter", "10.0.0.100", converter_port,
                                                std::move(controllers));
  network_.attach(*converter_);
  for (const ModelController& controller : converter_->controllers)
    add(*converter_, controller, converter_->address, modbus::Protocol::rtu_over_tcp);
}

void Run::add(Peer& peer, const ModelController& controller, const std::string& host,
              modbus::Protocol protocol) {
  poller::add_alarm_bits(plant_.codes, static_cast<std::uint8_t>(controller.device_id), *controller.profile);
  poller::PollTarget target{
      .identity = {.device_id = controller.device_id, .site_code = "MKZ", .device_type = "generator"},
      .name = fmt::format("Device {}", controller.device_id),
      .address = {.host = host, .port = peer.port, .unit_id = controller.unit_id, .protocol = protocol},
      .profile = controller.profile,
      .settings = pace(protocol == modbus::Protocol::rtu_over_tcp)};
  places_[controller.device_id] = {&peer, std::move(target)};
}

// As Poller::follow() and PollThread::start() do it.
void Run::poll(PolledDevice& place) {
  const std::int64_t id = place.target.identity.device_id;
  place.generation = ++generation_;
  thread_state_->devices.erase(id);
  take();
  checks_.watch(*place.peer, place.target, place.generation);
  const poller::DevicePoller::StartOptions options{.generation = place.generation};
  auto device = std::make_shared<poller::DevicePoller>(thread_state_->context, place.target, options);
  device->start();
  thread_state_->devices[id] = std::move(device);
}

// Edits, replaces or deletes a device while it is polled.
void Run::change_registry() {
  const auto pause = randomness_.between(minutes{1}, minutes{15});
  if (kernel_.now() + pause > end_ - without_faults) return;
  kernel_.at(kernel_.now() + pause, [this] {
    const auto id = static_cast<std::int64_t>(1 + randomness_.below(places_.size()));
    PolledDevice& place = places_.at(id);
    trace_.note(kernel_.now(), "changes", place.target.name);
    const std::uint64_t change = randomness_.below(3);
    switch (kernel_.is_looking_up() ? 0 : change) {
      case 0: {
        // A new connect_delay counts from when the connection was made, so a start may be late once.
        const auto connect_delay = place.target.settings.connect_delay;
        place.target.settings = pace(place.target.address.protocol == modbus::Protocol::rtu_over_tcp);
        place.target.settings.connect_delay = connect_delay;
        const auto polled = thread_state_->devices.find(id);
        if (polled == thread_state_->devices.end()) break;
        take();
        checks_.edited(place.target);
        polled->second->update(place.target);
        break;
      }
      case 1:
        poll(place);
        break;
      default:
        thread_state_->devices.erase(id);
        take();
        checks_.forget(id);
        kernel_.at(kernel_.now() + randomness_.between(milliseconds{0}, seconds{30}), [this, id, &place] {
          if (!thread_state_->devices.contains(id)) poll(place);
        });
    }
    change_registry();
  });
}

void Run::look_up() {
  GensetModel& genset = *gensets_.back();
  trace_.note(kernel_.now(), "looks up", genset.name);
  checks_.lookup_started(genset);
  // So that on a bad path too there is a connection within the shortest MODBUS_TIMEOUT: it is not cancelled.
  const auto time = randomness_.between(microseconds{100}, milliseconds{300});
  kernel_.at(kernel_.now() + time,
             [this, &genset] { kernel_.found(faults_->names_fail() ? std::string{} : genset.address); });
}

void Run::take() {
  reading_queue_.take_all(
      [this](const poller::ReadingQueue::Item& item) { checks_.published(*item.reading, item.generation); });
}

Result Run::go() {
  for (auto& [id, place] : places_) poll(place);
  faults_->start();
  change_registry();
  kernel_.at(end_, [this] { context_.stop(); });
  const auto keeps_running = boost::asio::make_work_guard(context_);
  context_.run();
  return {trace_.hash(), trace_.lines(), trace_.broken(), checks_.metrics(), trace_.acts()};
}

}  // namespace

Result run(std::uint64_t seed, minutes length, Blocks blocks, bool printed) {
  Run run(seed, length, blocks, printed);
  return run.go();
}

}  // namespace gensetd::simulation
