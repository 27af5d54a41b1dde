#include "bad_line.hpp"

#include "kernel.hpp"
#include "modbus/big_endian.hpp"
#include "modbus/rtu_frame.hpp"
#include "network.hpp"
#include "poller/alarm_word_checks.hpp"
#include "poller/every_register.hpp"
#include "poller/poll_thread.hpp"
#include "profile/read_plan.hpp"
#include "random_source.hpp"
#include "simulator/faults.hpp"
#include "simulator/packer.hpp"
#include "simulator/responder.hpp"
#include "trace.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <utility>

namespace gensetd::simulation {
namespace {

using poller::SteadyTime;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr std::int64_t bits_per_character = 11;
constexpr std::uint16_t converter_port = 26;
constexpr const char* converter_address = "10.0.0.100";

nanoseconds character_time(const BadLineOptions& options) {
  return nanoseconds{1'000'000'000 * bits_per_character / options.baud};
}

// The serial line with its controllers and its converter. FaultInjector and Packer of the simulator determine
// how a response is sent, so `gensetd simulate` with the same faults is the same line in real time.
class Line final : public Peer {
 public:
  Line(const BadLineOptions& options, Kernel& kernel, Network& network, poller::RegisterCodes& codes)
      : Peer("line", converter_address, converter_port),
        kernel_(kernel),
        network_(network),
        codes_(codes),
        turnaround_(options.turnaround),
        character_(character_time(options)),
        units_(options.profiles.size()),
        fault_maker_(options.faults, options.seed),
        packer_(character_, milliseconds{0}) {}

  void opened(int) override {}
  void closed(int connection) override { received_.erase(connection); }
  void received(int connection, std::span<const std::uint8_t> bytes) override {
    Bytes& buffer = received_[connection];
    buffer.insert(buffer.end(), bytes.begin(), bytes.end());
    while (buffer.size() >= modbus::rtu_request_length) {
      const auto end = buffer.begin() + modbus::rtu_request_length;
      process_request(Bytes(buffer.begin(), end));
      buffer.erase(buffer.begin(), end);
    }
  }

 private:
  SteadyTime now() const { return SteadyTime{kernel_.now()}; }
  void at(SteadyTime time, std::function<void()> what) {
    kernel_.at(time.time_since_epoch(), std::move(what));
  }

  void process_request(const Bytes& request) {
    const modbus::ReadRequest read{.unit_id = request[0],
                                   .function = modbus::Function::holding_registers,
                                   .first = modbus::number_at(request, 2),
                                   .count = modbus::number_at(request, 4)};
    const SteadyTime begin = std::max(now(), free_at_);
    free_at_ = begin + character_ * static_cast<std::int64_t>(request.size());
    if (read.unit_id == 0 || read.unit_id > units_) return;
    const SteadyTime first_byte = free_at_ + turnaround_;
    const Bytes response = response_to(read, first_byte);
    const SteadyTime last_byte = first_byte + character_ * static_cast<std::int64_t>(response.size());
    free_at_ = last_byte;
    auto delivery = std::make_shared<simulator::Delivery>(fault_maker_.deliver(
        {.protocol = modbus::Protocol::rtu_over_tcp, .response = response, .read = read}));
    at(first_byte, [this, delivery, first_byte] {
      SteadyTime end = first_byte;
      for (const simulator::Segment& segment : delivery->segments)
        end = put(segment.bytes, end + segment.pause);
    });
    for (const simulator::DelayedBytes& late : delivery->late)
      at(last_byte + late.after, [this, bytes = late.bytes] { put(bytes, now()); });
  }

  Bytes response_to(const modbus::ReadRequest& read, SteadyTime time) {
    Bytes frame{read.unit_id, modbus::code_of(modbus::Function::holding_registers),
                static_cast<std::uint8_t>(2 * read.count)};
    for (unsigned index = 0; index < read.count; ++index) {
      const std::uint16_t value = codes_.value(read.unit_id, read.first + index, time);
      frame.push_back(modbus::high_byte(value));
      frame.push_back(modbus::low_byte(value));
    }
    return simulator::with_crc(std::move(frame));
  }

  SteadyTime put(const Bytes& bytes, SteadyTime begin) {
    const SteadyTime end = packer_.add(bytes, begin);
    free_at_ = std::max(free_at_, end);
    pass_on();
    return end;
  }

  void pass_on() {
    for (auto due = packer_.due(); due; due = packer_.due()) {
      if (*due > now()) return at(*due, [this] { pass_on(); });
      Bytes packet = packer_.take();
      const int connection = network_.newest_connection(*this);
      if (connection != 0) network_.deliver(connection, std::move(packet), {});
    }
  }

  Kernel& kernel_;
  Network& network_;
  poller::RegisterCodes& codes_;
  const milliseconds turnaround_;
  const nanoseconds character_;
  const std::size_t units_;
  simulator::FaultInjector fault_maker_;
  simulator::Packer packer_;
  std::map<int, Bytes> received_;
  SteadyTime free_at_{};
};

struct Device {
  std::shared_ptr<poller::DevicePoller> poller;
  profile::ProfilePtr profile;
  profile::ReadPlan plan;
  poller::AlarmWordChecks words;
  std::optional<SteadyTime> cycle_start;  // its first request since the last reading
  std::uint64_t confirmations = 0;        // counted until its last request, as the two below
  std::uint64_t suspect_responses = 0;
  std::uint64_t retries = 0;
};

// Attributes the time of the line. Between two calls of step() the program waits, so what it waits for does
// not change.
class LineUseRecorder final : public SocketObserver {
 public:
  LineUseRecorder(Kernel& kernel, const BadLineOptions& options)
      : kernel_(kernel), character_(character_time(options)), since_(kernel.now()) {}

  void observe(std::map<std::uint8_t, Device>& devices, milliseconds request_gap) {
    devices_ = &devices;
    request_gap_ = request_gap;
  }

  void connects(Peer&) override {}
  void connected(Peer&) override {}
  void closes(Peer&) override {}
  void readable(Peer&) override { last_byte_ = kernel_.now(); }

  // Readings that were published before a request belong to the cycle before it.
  std::function<void()> drain_published = [] {};

  void sends(Peer&, std::span<const std::uint8_t> bytes) override {
    drain_published();
    pass();
    end_request();
    const modbus::ReadRequest request{.unit_id = bytes[0],
                                      .function = modbus::Function::holding_registers,
                                      .first = modbus::number_at(bytes, 2),
                                      .count = modbus::number_at(bytes, 4)};
    Device& device = devices_->at(request.unit_id);
    if (!device.cycle_start) device.cycle_start = SteadyTime{kernel_.now()};
    request_ =
        Request{.use = cause_of(device), .extra = extra_registers(device, request), .responses = responses()};
    state_ = State::in_flight;
    last_byte_ = kernel_.now();
    ++requests_;
  }

  void step() {
    pass();
    const link::Conversation& conversation = line();
    const SteadyTime now{kernel_.now()};
    const bool in_flight = conversation.busy().total(now + milliseconds{1}) > conversation.busy().total(now);
    if (!in_flight) end_request();
    const bool in_cycle = std::ranges::any_of(
        *devices_, [](const auto& entry) { return entry.second.cycle_start.has_value(); });
    if (in_flight)
      state_ = State::in_flight;
    else if (conversation.queued() > 0)
      state_ = State::waiting;
    else
      state_ = in_cycle ? State::pausing : State::idle;
  }

  std::uint64_t requests() const { return requests_; }
  const std::array<nanoseconds, line_uses>& use() const { return use_; }

 private:
  enum class State : std::uint8_t { in_flight, waiting, pausing, idle };
  struct Request {
    LineUse use = LineUse::first_request;
    std::uint16_t extra = 0;
    std::uint64_t responses = 0;  // received until the request was sent
    nanoseconds time{0};
  };

  const link::Conversation& line() const { return devices_->begin()->second.poller->link().conversation(); }
  std::uint64_t responses() const {
    const link::UnitCounters sum = line().sum_of_units();
    return sum.responses + sum.exceptions;
  }
  nanoseconds& time_of(LineUse use) { return use_[static_cast<std::size_t>(use)]; }

  // Attributes the time since the last call.
  void pass() {
    const Time now = kernel_.now();
    const Time length = now - std::exchange(since_, now);
    const Time gap = std::clamp(last_byte_ + request_gap_ - (now - length), Time{0}, length);
    switch (state_) {
      case State::in_flight:
        request_.time += length;
        break;
      case State::waiting:
        time_of(LineUse::request_gap) += gap;
        time_of(LineUse::hold) += length - gap;
        break;
      case State::pausing:
        time_of(LineUse::pause) += length;
        break;
      case State::idle:
        time_of(LineUse::idle) += length;
    }
  }

  void end_request() {
    const Request request = std::exchange(request_, {});
    if (request.time.count() == 0) return;
    if (responses() == request.responses) {
      time_of(LineUse::unanswered) += request.time;
      return;
    }
    const nanoseconds extra = std::min(request.time, request.extra * 2 * character_);
    time_of(request.use) += request.time - extra;
    time_of(LineUse::longer_read) += extra;
  }

  static LineUse cause_of(Device& device) {
    const poller::DeviceMetrics metrics = device.poller->metrics();
    const bool is_confirmation =
        std::exchange(device.confirmations, metrics.unit.confirmations) != metrics.unit.confirmations;
    const bool is_reread = std::exchange(device.suspect_responses, metrics.unit.suspect_responses) !=
                           metrics.unit.suspect_responses;
    const bool is_retry = std::exchange(device.retries, metrics.counters.retries) != metrics.counters.retries;
    if (is_confirmation) return LineUse::confirmation;
    if (is_reread) return LineUse::reread;
    return is_retry ? LineUse::retry : LineUse::first_request;
  }

  static std::uint16_t extra_registers(const Device& device, const modbus::ReadRequest& request) {
    for (const profile::PlannedRead& read : device.plan) {
      if (request.first <= read.first && request.first + request.count >= read.first + read.count)
        return static_cast<std::uint16_t>(request.count - read.count);
    }
    return 0;
  }

  Kernel& kernel_;
  const nanoseconds character_;
  milliseconds request_gap_{50};
  std::map<std::uint8_t, Device>* devices_ = nullptr;
  std::array<nanoseconds, line_uses> use_{};
  State state_ = State::idle;
  Request request_;
  Time since_;
  Time last_byte_{};
  std::uint64_t requests_ = 0;
};

// Readings per second if only the wire, the turnaround and the gaps took time, without alarms.
double wire_readings_per_second(const std::map<std::uint8_t, Device>& devices, const BadLineOptions& options,
                                milliseconds request_gap) {
  nanoseconds round{0};
  for (const auto& [unit_id, device] : devices) {
    for (const profile::PlannedRead& read : device.plan) {
      if (!device.profile->blocks[read.blocks.front()].is_always_read()) continue;
      const auto bytes = static_cast<std::int64_t>(modbus::rtu_request_length +
                                                   modbus::rtu_response_length(2U * read.count));
      round += request_gap + options.turnaround + bytes * character_time(options);
    }
  }
  round = std::max<nanoseconds>(round, options.settings.poll_interval);
  return static_cast<double>(devices.size()) / std::chrono::duration<double>(round).count();
}

class Run {
 public:
  explicit Run(const BadLineOptions& options)
      : options_(options),
        trace_(options.printed),
        randomness_(options.seed),
        recorder_(kernel_, options),
        network_(kernel_, randomness_, trace_, recorder_),
        codes_(false, options.seed, options.has_alarms),
        line_(options, kernel_, network_, codes_),
        thread_state_(std::make_unique<poller::PollThreadState>(context_, link::AddressPolicy{},
                                                                reading_queue_, numbering_)) {
    thread_state_->context.random.seed(static_cast<std::uint32_t>(randomness_.bits()));
    network_.attach(line_);
    kernel_.on_step = [this] {
      take();
      recorder_.step();
    };
    kernel_.on_broken = [this](const std::string&) { context_.stop(); };
    for (const std::string& name : options_.profiles) add(poller::every_register_of(name));
    recorder_.observe(devices_, request_gap_);
    recorder_.drain_published = [this] { take(); };
  }

  BadLineMetrics go() {
    const Time start = kernel_.now();
    for (auto& [unit_id, device] : devices_) device.poller->start();
    kernel_.at(start + options_.length, [this] { context_.stop(); });
    const auto keeps_running = boost::asio::make_work_guard(context_);
    context_.run();
    take();
    metrics_.length = kernel_.now() - start;
    metrics_.requests = recorder_.requests();
    metrics_.use = recorder_.use();
    metrics_.wire_readings_per_second = wire_readings_per_second(devices_, options_, request_gap_);
    for (const auto& [unit_id, device] : devices_)
      metrics_.retries += device.poller->metrics().counters.retries;
    const link::UnitCounters sum = devices_.begin()->second.poller->link().conversation().sum_of_units();
    metrics_.timeouts = sum.timeouts;
    metrics_.broken_frames = sum.broken_frames;
    metrics_.foreign_frames = sum.foreign_frames;
    metrics_.late_responses = sum.late_responses;
    metrics_.doubled_responses = sum.doubled_responses;
    metrics_.confirmations = sum.confirmations;
    metrics_.suspect_responses = sum.suspect_responses;
    metrics_.hash = trace_.hash();
    return metrics_;
  }

 private:
  void add(const profile::ProfilePtr& profile) {
    const auto unit_id = static_cast<std::uint8_t>(devices_.size() + 1);
    poller::PollTarget target{
        .identity = {.device_id = unit_id, .site_code = "MKZ", .device_type = "generator"},
        .name = fmt::format("Device {}", unit_id),
        .address = {.host = converter_address,
                    .port = converter_port,
                    .unit_id = unit_id,
                    .protocol = modbus::Protocol::rtu_over_tcp},
        .profile = profile,
        .settings = options_.settings};
    poller::add_alarm_bits(codes_, unit_id, *profile);
    request_gap_ = profile->transport(modbus::Protocol::rtu_over_tcp).request_gap;
    devices_[unit_id] = {.poller = std::make_shared<poller::DevicePoller>(
                             thread_state_->context, std::move(target), poller::DevicePoller::StartOptions{}),
                         .profile = profile,
                         .plan = profile::merged_plan(*profile, modbus::Protocol::rtu_over_tcp)};
  }

  void take() {
    reading_queue_.take_all([this](const poller::ReadingQueue::Item& item) { published(*item.reading); });
  }

  void published(const reading::Reading& reading) {
    trace_.note(kernel_.now(), "publishes", reading.json);
    const reading::Content& content = *reading.content;
    Device& device = devices_.at(static_cast<std::uint8_t>(reading.device_id));
    const auto start = std::exchange(device.cycle_start, std::nullopt);
    ++metrics_.readings;
    if (content.online) ++metrics_.online;
    if (!content.is_fresh()) return;  // a failed cycle
    metrics_.settling += kernel_.wall() - content.timestamp.time_since_epoch();
    const auto unit_id = static_cast<std::uint8_t>(reading.device_id);
    const SteadyTime now{kernel_.now()};
    const auto is_right = [&](std::int64_t raw, std::uint16_t address) {
      return codes_.is_right(static_cast<std::uint16_t>(raw), unit_id, address, start.value_or(now), now);
    };
    for (std::size_t index = 0; index < content.values.size(); ++index) {
      const profile::Field& field = content.profile->fields[index];
      if (!content.values[index] || poller::is_condition(field)) continue;
      ++metrics_.values;
      if (!is_right(*content.values[index], field.address)) ++metrics_.wrong_values;
    }
    for (const std::size_t index : device.words.changed(content.alarm_words, content.timestamp)) {
      const profile::AlarmWord& word = content.profile->alarm_words[index];
      const auto& raw = (*content.alarm_words)[index].raw;
      if (!content.profile->blocks[word.block].is_always_read()) ++metrics_.alarm_words;
      if (!raw || !is_right(*raw, word.place.address)) ++metrics_.wrong_words;
    }
    if (device.words.has_forgotten()) ++metrics_.wrong_words;
  }

  const BadLineOptions& options_;
  Trace trace_;
  RandomSource randomness_;
  Kernel kernel_;
  LineUseRecorder recorder_;
  Network network_;
  poller::RegisterCodes codes_;
  Line line_;
  milliseconds request_gap_{0};
  BadLineMetrics metrics_;

  // The program: what poller::PollThread has on its thread, on this one.
  boost::asio::io_context context_{1};
  reading::Numbering numbering_{1};
  poller::ReadingQueue reading_queue_;
  std::unique_ptr<poller::PollThreadState> thread_state_;
  std::map<std::uint8_t, Device> devices_;  // by unit id, which is the device id too
};

}  // namespace

simulator::LineFaults reference_faults() {
  return {
      .silence = 0.04, .late = 0.08, .doubled = 0.05, .wrong_crc = 0.05, .garbage = 0.05, .foreign = 0.15};
}

const char* word(LineUse use) {
  switch (use) {
    case LineUse::first_request:
      return "first";
    case LineUse::longer_read:
      return "longer";
    case LineUse::unanswered:
      return "lost";
    case LineUse::retry:
      return "retry";
    case LineUse::confirmation:
      return "confirm";
    case LineUse::reread:
      return "re-read";
    case LineUse::request_gap:
      return "gap";
    case LineUse::hold:
      return "hold";
    case LineUse::pause:
      return "pause";
    case LineUse::idle:
      break;
  }
  return "idle";
}

double BadLineMetrics::online_share() const {
  return readings == 0 ? 0 : static_cast<double>(online) / static_cast<double>(readings);
}

double BadLineMetrics::requests_per_reading() const {
  return online == 0 ? 0 : static_cast<double>(requests) / static_cast<double>(online);
}

double BadLineMetrics::readings_per_second() const {
  return static_cast<double>(online) / std::chrono::duration<double>(length).count();
}

double BadLineMetrics::share_of(LineUse which) const {
  return std::chrono::duration<double>(use[static_cast<std::size_t>(which)]) /
         std::chrono::duration<double>(length);
}

BadLineMetrics run_bad_line(const BadLineOptions& options) {
  Run run(options);
  return run.go();
}

}  // namespace gensetd::simulation
