#include "poller/device_poller.hpp"

#include "modbus/error.hpp"
#include "poller/describe.hpp"
#include "poller/device_log.hpp"
#include "poller/transaction_of.hpp"
#include "profile/words.hpp"
#include "supervision/exceptions.hpp"
#include "text/host_port.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace gensetd::poller {
namespace {

using reading::ClockPair;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

// How long a line that is never silent can delay a reading.
constexpr milliseconds undecided_max{500};

}  // namespace

DevicePoller::DevicePoller(PollContext& context, PollTarget target, StartOptions options)
    : context_(context),
      target_(std::move(target)),
      cycle_(context.reads(target_.profile, target_.address.protocol)),
      link_(context.links.get(target_.address.host, target_.address.port)),
      timer_(context.io_context),
      values_(target_.profile->fields.size()),
      start_options_(options) {
  context_.add_to_line(*link_, target_.identity.device_id);
}

DevicePoller::~DevicePoller() {
  link_->withdraw(*this);
  context_.remove_from_line(*link_, target_.identity.device_id);
}

void DevicePoller::start() {
  if (!start_options_.at_slot) return start_soon();
  const milliseconds interval = target_.settings.poll_interval;
  const SteadyTime now = steady_clock::now();
  wake_at(next_start(target_.identity.device_id, interval, now - interval, now), State::waiting);
}

void DevicePoller::start_soon() {
  wake_in(first_delay(target_.settings.poll_interval, random()), State::waiting);
}

void DevicePoller::update(PollTarget target) {
  target_ = std::move(target);
  if (state_ == State::waiting) start_soon();
}

DeviceMetrics DevicePoller::metrics() const {
  const link::Conversation& line = link_->conversation();
  const auto unit = line.units().find(target_.address.unit_id);
  const auto& last_seen = online_state_.last_seen();
  return {.identity = target_.identity,
          .name = target_.name,
          .address = target_.address,
          .settings = target_.settings,
          .online = online_state_.is_online(),
          .last_seen = last_seen ? std::optional{last_seen->wall} : std::nullopt,
          .failures_in_a_row = online_state_.failed_cycles(),
          .counters = counters_,
          .last_hour = history_.last_hour(steady_clock::now()),
          .last_cycle = std::chrono::duration_cast<milliseconds>(last_cycle_),
          .latency = latency_.metrics(),
          .unit = unit == line.units().end() ? link::UnitCounters{} : unit->second};
}

PlanInUse DevicePoller::plan() const {
  return {.reads = cycle_.plan(), .profile = target_.profile, .is_split = cycle_.is_split()};
}

void DevicePoller::wake_in(milliseconds time, State state) { wake_at(steady_clock::now() + time, state); }

void DevicePoller::wake_at(SteadyTime time, State state) {
  state_ = state;
  timer_.expires_at(time);
  timer_.async_wait([weak = weak_from_this()](boost::system::error_code aborted) {
    const auto self = weak.lock();
    if (self && !aborted) self->guarded([&] { self->on_wake(); });
  });
}

void DevicePoller::on_wake() {
  // The handler of a wait that was replaced may already have been queued.
  if (steady_clock::now() < timer_.expiry()) return;
  if (state_ == State::waiting) {
    begin();
  } else if (state_ == State::pausing) {
    count(&PollCounters::retries);
    follow(cycle_.resume());
  } else if (state_ == State::settling) {
    on_settled();
  }
}

link::RetryLimits DevicePoller::retry_limits() const {
  const auto devices_sharing = static_cast<std::size_t>(link_.use_count());
  const milliseconds interval = target_.settings.poll_interval;
  const milliseconds timeout = target_.settings.modbus_timeout;
  return {.retry_time = link::retry_time(interval, devices_sharing),
          .failure_time = link::failure_time_max(interval, devices_sharing, timeout),
          .modbus_timeout = timeout};
}

void DevicePoller::begin() {
  cycle_start_ = steady_clock::now();
  cycle_failures_.begin();
  context_.totals.start_delay.note(cycle_start_ - timer_.expiry());
  const std::int64_t device_id = target_.identity.device_id;
  const std::int64_t slot = slot_number(device_id, target_.settings.poll_interval, cycle_start_);
  follow(cycle_.begin(online_state_.responded_last_cycle(), slot + context_.rank(*link_, device_id)));
}

void DevicePoller::follow(const Step& step) {
  if (const auto* send = std::get_if<SendRequest>(&step)) {
    state_ = State::requesting;
    submit(*send);
    while (const auto more = cycle_.next_ahead()) submit(*more);
  } else if (const auto* pause = std::get_if<PauseBeforeRetry>(&step)) {
    if (!pause->is_needed) {
      count(&PollCounters::retries);
      return follow(cycle_.resume());
    }
    const milliseconds time = link::retry_pause(random());
    cycle_failures_.note_pause(time);
    wake_in(time, State::pausing);
  } else if (std::holds_alternative<CycleFinished>(step)) {
    settle();
  }
}

void DevicePoller::submit(const SendRequest& send) {
  link::Transaction transaction =
      transaction_of(target_.address, *target_.profile, send.request, target_.settings.modbus_timeout,
                     target_.settings.connect_delay, send.repeatable);
  if (cycle_failures_.is_failing()) {
    const link::RetryLimits limits = retry_limits();
    transaction.hold_max = link::hold_time_max(cycle_failures_.streak(steady_clock::now()),
                                               limits.failure_time, limits.modbus_timeout);
  }
  link_->submit(*this, transaction);
}

// An exception fails the cycle and does not stop polling: the next cycle follows after the retry delay.
template <class Act>
void DevicePoller::guarded(Act act) noexcept {
  try {
    act();
  } catch (...) {
    recover(std::current_exception());
  }
}

void DevicePoller::recover(const std::exception_ptr& exception) noexcept {
  using supervision::Task;
  supervision::persist([&] {
    supervision::report_exception(exception, Task::device, device_label(target_),
                                  "its cycle has failed, the next one follows");
  });
  supervision::persist([&] {
    link_->withdraw(*this);
    cycle_ = Cycle(context_.reads(target_.profile, target_.address.protocol));
  });
  supervision::attempt(Task::device, target_.name, "its state is published with the next cycle", [&] {
    count(&PollCounters::cycles);
    count(&PollCounters::failed_cycles);
    history_.note(false, steady_clock::now());
    fail(ErrorKind::other, describe_unexpected(target_.address, supervision::describe(exception)));
  });
  supervision::persist(
      [&] { wake_in(link::retry_delay(target_.settings.retry_delay, random()), State::waiting); });
}

void DevicePoller::finished(const link::Outcome& outcome) {
  guarded([&] { process_outcome(outcome); });
}

void DevicePoller::process_outcome(const link::Outcome& outcome) {
  const bool is_response = !outcome.error || outcome.error == modbus::ResponseError::exception_response;
  if (is_response)
    last_response_ = ClockPair::now();  // an optional block without one leaves the time as it is
  if (outcome.error) {
    context_.totals.errors.note(outcome.error);
  } else {
    latency_.note(outcome.latency);
    context_.totals.response_time.note(outcome.latency);
  }
  const SteadyTime time = steady_clock::now();
  cycle_failures_.note(outcome, time);
  const link::FailureStreak failures = cycle_failures_.streak(time);
  const link::RetryLimits limits = retry_limits();
  const bool has_time =
      link::has_time_to_repeat(failures, outcome.latency, online_state_.responded_last_cycle(), limits);
  link::Outcome processed = outcome;
  if (link::is_grace_over(failures, limits)) processed.new_connection = false;
  const Step step = cycle_.process(processed, has_time);
  if (const auto split = cycle_.take_split_read()) {
    device_event(log::warning("read_split"), target_)
        .field("first", split->first)
        .field("register_count", split->count)
        .say("{}: does not return {}{}..{} in one read; its blocks are read one by one from now on",
             device_label(target_), profile::table_prefix(split->table), split->first,
             split->first + split->count - 1);
  }
  follow(step);
}

// The response to another request may have been accepted as a response to ours.
void DevicePoller::response_suspected(const modbus::ReadRequest& request) {
  guarded([&] { process_suspect(request); });
}

void DevicePoller::process_suspect(const modbus::ReadRequest& request) {
  device_event(log::debug("answer_doubted"), target_)
      .say("{}: two responses to read {}{}..{}; it is read again", device_label(target_),
           profile::table_prefix(request.function), request.first, request.first + request.count - 1);
  if (state_ == State::waiting) {
    // The reading is already published: replace it as soon as possible.
    cycle_.mark_suspect(request);
    if (online_state_.responded_last_cycle()) wake_in(milliseconds{0}, State::waiting);
    return;
  }
  const bool has_request = cycle_.mark_suspect(request);
  if (state_ == State::settling && has_request) follow(cycle_.resume());
}

// On a serial line a response is accepted when no similar one follows it.
void DevicePoller::settle() {
  last_cycle_ = steady_clock::now() - cycle_start_;
  const auto gap = target_.profile->transport(target_.address.protocol).request_gap;
  const milliseconds time =
      cycle_.failure() ? milliseconds{0} : link_->conversation().settling_time(gap, steady_clock::now());
  if (time.count() == 0) return end_cycle();
  settled_by_ = steady_clock::now() + time + undecided_max;
  wake_in(time, State::settling);
}

void DevicePoller::on_settled() {
  link_->drain();
  if (state_ != State::settling) return;  // the received bytes caused another read
  // Part of a frame has arrived, which may be a similar response.
  const auto undecided = link_->conversation().undecided_until();
  if (undecided && steady_clock::now() < settled_by_) return wake_at(*undecided, State::settling);
  end_cycle();
}

void DevicePoller::end_cycle() {
  count(&PollCounters::cycles);
  context_.totals.cycle_time.note(last_cycle_);
  history_.note(!cycle_.failure(), steady_clock::now());
  if (const auto& failure = cycle_.failure()) {
    count(&PollCounters::failed_cycles);
    fail(error_kind(failure->error),
         with_stray_bytes(describe(target_.address, *failure, target_.settings.modbus_timeout)));
    const std::uint32_t number = random();
    wake_in(link::retry_delay(target_.settings.retry_delay, number), State::waiting);
    return;
  }
  succeed();
  const milliseconds interval = target_.settings.poll_interval;
  const SteadyTime next = next_start(target_.identity.device_id, interval, cycle_start_, steady_clock::now());
  count(&PollCounters::slots_missed, static_cast<std::uint64_t>(slots_missed(interval, cycle_start_, next)));
  wake_at(next, State::waiting);
}

void DevicePoller::succeed() {
  cycle_.commit(last_response_.wall);
  std::swap(values_, cycle_.values());
  online_state_.succeeded(target_, last_response_, last_cycle_);
  publish(last_response_,
          with_stray_bytes(describe(target_.address, *target_.profile, {cycle_.refused(), cycle_.unread()})));
}

// `error`, and what is unusual about the bytes on the line.
std::string DevicePoller::with_stray_bytes(std::string error) const {
  const std::string stray_bytes = link_->conversation().stray_bytes();
  if (stray_bytes.empty()) return error;
  const DeviceAddress& address = target_.address;
  if (error.empty())
    return fmt::format("{} unit {}: {}", text::print_host_port(address.host, address.port), address.unit_id,
                       stray_bytes);
  return error + "; " + stray_bytes;
}

void DevicePoller::fail(ErrorKind kind, std::string error) {
  cycle_.forget_refusals();
  online_state_.failed(target_, kind, error, cycle_start_);
  publish(ClockPair::now(), std::move(error));
}

void DevicePoller::count(std::uint64_t PollCounters::* which, std::uint64_t times) {
  counters_.*which += times;
  context_.totals.counters.*which += times;
}

void DevicePoller::publish(reading::ClockPair when, std::string error) {
  reading::Content content{.identity = target_.identity,
                           .profile = target_.profile,
                           .timestamp = when.wall,
                           .at = when.steady,
                           .online = online_state_.is_online(),
                           .error = std::move(error),
                           .values = values_,
                           .texts = cycle_.texts(),
                           .alarm_words = cycle_.alarm_words(),
                           .seq = context_.numbering.next_seq(),
                           .epoch = context_.numbering.epoch()};
  if (const auto& last_seen = online_state_.last_seen()) {
    content.last_seen = last_seen->wall;
    content.last_seen_at = last_seen->steady;
  }
  context_.publish(
      {.reading = reading::make_reading(std::move(content)), .generation = start_options_.generation});
}

}  // namespace gensetd::poller
