#include "poller/device_poller.hpp"

#include "log/log.hpp"
#include "poller/transaction_of.hpp"
#include "reading/moment.hpp"
#include "supervision/exceptions.hpp"
#include "text/host_port.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace gensetd::poller {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds push_held_every{20};

// How long a line that is never silent can keep a reading back.
constexpr milliseconds undecided_max{500};

std::int64_t in_milliseconds(std::chrono::nanoseconds time) {
  return std::chrono::duration_cast<milliseconds>(time).count();
}

milliseconds since(SteadyTime start) {
  return std::chrono::duration_cast<milliseconds>(steady_clock::now() - start);
}

}  // namespace

Surroundings::Surroundings(boost::asio::io_context& its_context, link::Pool& its_links, Handover& handover,
                           reading::Numbering& its_numbering)
    : context(its_context),
      links(its_links),
      numbering(its_numbering),
      random{std::random_device{}()},
      handover_(handover),
      push_held_(its_context) {}

profile::ReadsPtr Surroundings::reads(const profile::ProfilePtr& profile, modbus::Protocol protocol) {
  profile::ReadsPtr& place = reads_[{profile, protocol}];
  if (!place) place = profile::reads_of(profile, protocol);
  return place;
}

void Surroundings::publish(Handover::Item item) {
  handover_.put(std::move(item));
  if (!handover_.is_holding() || waits_) return;
  push_held_later();
  waits_ = true;
}

void Surroundings::push_held_later() {
  push_held_.expires_after(push_held_every);
  push_held_.async_wait([this](boost::system::error_code aborted) {
    if (aborted) return;
    handover_.push_held();
    waits_ = handover_.is_holding();
    if (waits_) supervision::persist([this] { push_held_later(); });
  });
}

DevicePoller::DevicePoller(Surroundings& surroundings, Target target, Beginning beginning)
    : surroundings_(surroundings),
      target_(std::move(target)),
      cycle_(surroundings.reads(target_.profile, target_.address.protocol)),
      link_(surroundings.links.get(target_.address.host, target_.address.port)),
      timer_(surroundings.context),
      values_(target_.profile->fields.size()),
      beginning_(beginning) {}

DevicePoller::~DevicePoller() { link_->withdraw(*this); }

void DevicePoller::start() {
  if (!beginning_.at_slot) return start_soon();
  const milliseconds interval = target_.pace.poll_interval;
  const SteadyTime now = steady_clock::now();
  wake_at(next_start(target_.identity.device_id, interval, now - interval, now), State::waiting);
}

void DevicePoller::start_soon() {
  wake_in(first_delay(target_.pace.poll_interval, static_cast<std::uint32_t>(surroundings_.random())),
          State::waiting);
}

void DevicePoller::adopt(Target target) {
  target_ = std::move(target);
  if (state_ == State::waiting) start_soon();
}

DeviceFigures DevicePoller::figures() const {
  const link::Conversation& line = link_->conversation();
  const auto unit = line.units().find(target_.address.unit_id);
  return {.identity = target_.identity,
          .name = target_.name,
          .address = target_.address,
          .pace = target_.pace,
          .online = online_,
          .last_seen = last_seen_ ? std::optional{last_seen_->wall} : std::nullopt,
          .failures_in_a_row = failures_,
          .counters = counters_,
          .last_hour = history_.last_hour(steady_clock::now()),
          .last_cycle = std::chrono::duration_cast<milliseconds>(last_cycle_),
          .latency = latency_.figures(),
          .unit = unit == line.units().end() ? link::Counters{} : unit->second};
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
    if (self && !aborted) self->guarded([&] { self->woken(); });
  });
}

void DevicePoller::woken() {
  // A wait that was replaced may already have been on its way here.
  if (steady_clock::now() < timer_.expiry()) return;
  if (state_ == State::waiting) {
    begin();
  } else if (state_ == State::pausing) {
    count(&Counters::retries);
    follow(cycle_.again());
  } else if (state_ == State::settling) {
    settled();
  }
}

// Whether this cycle may repeat one more failed request. A device that responded in its last cycle may spend
// its part of the poll interval on failed requests. Another one costs its neighbours one timeout, which may
// be several short attempts.
bool DevicePoller::has_time_to_repeat(const link::Outcome& outcome) const {
  const link::Trouble now_in = trouble();
  const bool was_well = last_seen_ && failures_ == 0;
  if (!was_well) return now_in.spent + outcome.latency <= target_.pace.modbus_timeout;
  return now_in.spent < retry_time() && now_in.lasting < trouble_time_max();
}

// A refusal is a response.
void DevicePoller::note_trouble(const link::Outcome& outcome) {
  const link::FollowUp next = link::follow_up(outcome);
  if (next == link::FollowUp::take || next == link::FollowUp::refuse) {
    failures_in_a_row_ = 0;
    failing_since_.reset();
    return;
  }
  ++failures_in_a_row_;
  if (!failing_since_) failing_since_ = steady_clock::now() - outcome.latency;
}

link::Trouble DevicePoller::trouble() const {
  return {.spent = spent_on_failures_,
          .lasting = failing_since_ ? steady_clock::now() - *failing_since_ : std::chrono::nanoseconds{0},
          .in_a_row = failures_in_a_row_};
}

std::chrono::nanoseconds DevicePoller::retry_time() const {
  return link::retry_time(target_.pace.poll_interval, static_cast<std::size_t>(link_.use_count()));
}

std::chrono::nanoseconds DevicePoller::trouble_time_max() const {
  return link::trouble_time_max(target_.pace.poll_interval, static_cast<std::size_t>(link_.use_count()),
                                target_.pace.modbus_timeout);
}

void DevicePoller::begin() {
  cycle_start_ = steady_clock::now();
  spent_on_failures_ = {};
  failures_in_a_row_ = 0;
  failing_since_.reset();
  surroundings_.totals.start_delay.note(cycle_start_ - timer_.expiry());
  follow(cycle_.begin(last_seen_.has_value() && failures_ == 0));
}

void DevicePoller::follow(const Step& step) {
  if (const auto* ask = std::get_if<Ask>(&step)) {
    state_ = State::asking;
    submit(*ask);
    while (const auto more = cycle_.ahead()) submit(*more);
  } else if (const auto* pause = std::get_if<Pause>(&step)) {
    if (!pause->is_needed) {
      count(&Counters::retries);
      return follow(cycle_.again());
    }
    const milliseconds time = link::retry_pause(static_cast<std::uint32_t>(surroundings_.random()));
    spent_on_failures_ += time;
    wake_in(time, State::pausing);
  } else if (std::holds_alternative<Finished>(step)) {
    settle();
  }
}

void DevicePoller::submit(const Ask& ask) {
  link::Transaction transaction =
      transaction_of(target_.address, *target_.profile, ask.request, target_.pace.modbus_timeout,
                     target_.pace.connect_delay, ask.repeatable);
  if (failing_since_)
    transaction.hold_max = link::hold_time_max(trouble(), trouble_time_max(), target_.pace.modbus_timeout);
  link_->submit(*this, transaction);
}

// An exception ends the cycle, not the polling: the cycle has failed, and the next one comes after the retry
// delay.
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
    supervision::report_exception(exception, Task::device, label(),
                                  "its cycle has failed, the next one follows");
  });
  supervision::persist([&] {
    link_->withdraw(*this);
    cycle_ = Cycle(surroundings_.reads(target_.profile, target_.address.protocol));
  });
  supervision::attempt(Task::device, target_.name, "its next cycle tells more", [&] {
    count(&Counters::cycles);
    count(&Counters::failed_cycles);
    history_.note(false, steady_clock::now());
    fail(ErrorKind::other, describe_unexpected(target_.address, supervision::describe(exception)));
  });
  supervision::persist([&] {
    wake_in(spread_delay(target_.pace.retry_delay, static_cast<std::uint32_t>(surroundings_.random())),
            State::waiting);
  });
}

void DevicePoller::finished(const link::Outcome& outcome) {
  guarded([&] { take(outcome); });
}

void DevicePoller::take(const link::Outcome& outcome) {
  last_answer_ = now();
  if (outcome.error) {
    surroundings_.totals.errors.note(outcome.error);
    spent_on_failures_ += outcome.latency;
  } else {
    latency_.note(outcome.latency);
    surroundings_.totals.answer_time.note(outcome.latency);
  }
  note_trouble(outcome);
  const Step step = cycle_.took(outcome, has_time_to_repeat(outcome));
  if (const auto given_up = cycle_.take_news()) {
    event(log::warning("read_split"))
        .field("first", given_up->first)
        .field("register_count", given_up->count)
        .say("{}: does not answer {}..{} in one read, reads its blocks one by one from now on", label(),
             given_up->first, given_up->first + given_up->count - 1);
  }
  follow(step);
}

// Somebody else's answer may have been taken for one of ours.
void DevicePoller::doubted(const modbus::ReadRequest& request) {
  guarded([&] { take_doubt(request); });
}

void DevicePoller::take_doubt(const modbus::ReadRequest& request) {
  event(log::debug("answer_doubted"))
      .say("{}: two answers to read {}..{}, reads it again", label(), request.first,
           request.first + request.count - 1);
  if (state_ == State::waiting) {
    // It is published already: the sooner the next reading comes, the better.
    if (last_seen_ && failures_ == 0) wake_in(milliseconds{0}, State::waiting);
    return;
  }
  const bool to_ask = cycle_.doubted(request);
  if (state_ == State::settling && to_ask) follow(cycle_.again());
}

// On a serial line an answer is believed when none like it comes behind it.
void DevicePoller::settle() {
  last_cycle_ = steady_clock::now() - cycle_start_;
  const auto gap = target_.profile->transport(target_.address.protocol).request_gap;
  const milliseconds time =
      cycle_.failure() ? milliseconds{0} : link_->conversation().settling_time(gap, steady_clock::now());
  if (time.count() == 0) return end_cycle();
  settled_by_ = steady_clock::now() + time + undecided_max;
  wake_in(time, State::settling);
}

void DevicePoller::settled() {
  link_->hear_now();
  if (state_ != State::settling) return;  // what came made it read again
  // Half a frame has come, which may be such an answer.
  const auto undecided = link_->conversation().undecided_until();
  if (undecided && steady_clock::now() < settled_by_) return wake_at(*undecided, State::settling);
  end_cycle();
}

void DevicePoller::end_cycle() {
  count(&Counters::cycles);
  surroundings_.totals.cycle_time.note(last_cycle_);
  history_.note(!cycle_.failure(), steady_clock::now());
  if (const auto& failure = cycle_.failure()) {
    count(&Counters::failed_cycles);
    fail(error_kind(failure->error),
         with_stray_bytes(describe(target_.address, *failure, target_.pace.modbus_timeout)));
    const auto random = static_cast<std::uint32_t>(surroundings_.random());
    wake_in(spread_delay(target_.pace.retry_delay, random), State::waiting);
    return;
  }
  succeed();
  const milliseconds interval = target_.pace.poll_interval;
  const SteadyTime next = next_start(target_.identity.device_id, interval, cycle_start_, steady_clock::now());
  count(&Counters::slots_missed, static_cast<std::uint64_t>(slots_missed(interval, cycle_start_, next)));
  wake_at(next, State::waiting);
}

void DevicePoller::succeed() {
  std::swap(values_, cycle_.values());
  failures_ = 0;
  online_ = true;
  last_seen_ = last_answer_;
  if (auto ended = event(log::debug("cycle_succeeded")))
    ended.say("{}: cycle of {} ms", label(), in_milliseconds(last_cycle_));
  if (!told_) {
    event(log::info("device_online")).say("{}: online", label());
  } else if (lost_at_) {
    const milliseconds away = since(*lost_at_);
    event(log::info("device_online"))
        .field("offline_ms", away.count())
        .say("{}: online again after {:.1f} s", label(), static_cast<double>(away.count()) / 1000.0);
  }
  told_ = true;
  lost_at_.reset();
  publish(last_answer_, with_stray_bytes(describe(target_.address, *target_.profile, cycle_.refused())));
}

// `error`, and what is unusual about the bytes on the line.
std::string DevicePoller::with_stray_bytes(std::string error) const {
  const std::string strays = link_->conversation().stray_bytes();
  if (strays.empty()) return error;
  const Address& address = target_.address;
  if (error.empty())
    return fmt::format("{} unit {}: {}", text::print_host_port(address.host, address.port), address.unit_id,
                       strays);
  return error + "; " + strays;
}

void DevicePoller::fail(ErrorKind kind, std::string error) {
  cycle_.forget_refusals();
  const bool was_online = online_;
  ++failures_;
  online_ = was_online && failures_ < target_.pace.offline_after;
  if (auto ended = event(log::debug("cycle_failed")))
    ended.say("{}: cycle failed after {} ms: {}", label(), since(cycle_start_).count(), error);
  if (!online_ && (was_online || !told_)) {
    event(log::warning("device_offline"))
        .field("kind", word(kind))
        .field("error", error)
        .say("{}: offline: {}", label(), error);
    lost_at_ = cycle_start_;
    told_ = true;
  }
  publish(now(), std::move(error));
}

DevicePoller::Moment DevicePoller::now() {
  return {.wall = reading::system_now(), .steady = steady_clock::now()};
}

void DevicePoller::count(std::uint64_t Counters::* which, std::uint64_t times) {
  counters_.*which += times;
  surroundings_.totals.counters.*which += times;
}

void DevicePoller::publish(Moment when, std::string error) {
  reading::Facts facts{.identity = target_.identity,
                       .profile = target_.profile,
                       .timestamp = when.wall,
                       .at = when.steady,
                       .online = online_,
                       .error = std::move(error),
                       .values = values_,
                       .seq = surroundings_.numbering.next_seq(),
                       .epoch = surroundings_.numbering.epoch()};
  if (last_seen_) {
    facts.last_seen = last_seen_->wall;
    facts.last_seen_at = last_seen_->steady;
  }
  surroundings_.publish(
      {.reading = reading::make_reading(std::move(facts)), .generation = beginning_.generation});
}

// With the fields that say of whom it tells.
log::Event DevicePoller::event(log::Event event) const {
  event.field("device_id", target_.identity.device_id).field("site", target_.identity.site_code);
  return event;
}

std::string DevicePoller::label() const {
  return fmt::format("device {} {}/{}", target_.identity.device_id, target_.identity.site_code, target_.name);
}

}  // namespace gensetd::poller
