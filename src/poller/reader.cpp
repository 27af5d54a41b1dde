#include "poller/reader.hpp"

#include "link/error.hpp"
#include "poller/transaction_of.hpp"
#include "profile/decode.hpp"
#include "reading/clocks.hpp"
#include "supervision/exceptions.hpp"
#include "supervision/use_tuple.hpp"
#include "text/host_port.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace gensetd::poller {
namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

using supervision::use_tuple;

}  // namespace

Reader::Reader(asio::io_context& context, link::Pool& links, DeviceAddress address,
               profile::ProfilePtr profile, milliseconds timeout)
    : address_(std::move(address)),
      profile_(std::move(profile)),
      timeout_(timeout),
      link_(links.get(address_.host, address_.port)),
      wake_(context),
      cycle_(profile_, address_.protocol) {}

Reader::~Reader() { link_->withdraw(*this); }

asio::awaitable<ReadResult> Reader::read_all() {
  range_.reset();
  return run();
}

asio::awaitable<ReadResult> Reader::read_range(modbus::ReadRequest range) {
  range_ = range;
  return run();
}

// The link calls finished() and doubted() while this waits; they wake it after each change.
asio::awaitable<ReadResult> Reader::run() {
  const SteadyTime start = steady_clock::now();
  const SteadyTime deadline = std::min(start + time_limit, end_by_);
  begin();
  while (state_ != State::done && steady_clock::now() < deadline) {
    wake_.expires_at(std::min(resume_at_, deadline));
    [[maybe_unused]] const auto [woken] = co_await wake_.async_wait(use_tuple);
    if (steady_clock::now() < resume_at_) continue;
    resume_at_ = SteadyTime::max();
    if (state_ == State::pausing) {
      send_again();
    } else if (state_ == State::settling) {
      state_ = State::done;
    }
  }
  link_->withdraw(*this);
  if (unexpected_) std::rethrow_exception(unexpected_);
  ReadResult read = result(start);
  co_return read;
}

void Reader::begin() {
  requests_ = 0;
  spent_on_failures_ = {};
  suspect_responses_ = 0;
  failure_.reset();
  unexpected_ = nullptr;
  registers_.clear();
  resume_at_ = SteadyTime::max();
  last_outcome_ = steady_clock::now();
  last_timestamp_ = reading::system_now();
  state_ = State::requesting;
  if (range_) {
    send(*range_);
  } else {
    slot_ += profile::every_max;  // each block is due
    follow(cycle_.begin(last_read_succeeded_, slot_));
  }
}

void Reader::send(const modbus::ReadRequest& request) {
  state_ = State::requesting;
  ++requests_;
  link_->submit(*this, transaction_of(address_, *profile_, request, timeout_));
}

void Reader::follow(const Step& step) {
  if (const auto* next = std::get_if<SendRequest>(&step)) {
    send(next->request);
    while (const auto more = cycle_.next_ahead()) send(more->request);
  } else if (std::holds_alternative<PauseBeforeRetry>(step)) {
    wait(State::pausing, link::retry_pause(0));
  } else if (std::holds_alternative<CycleFinished>(step)) {
    settle_or_end();
  }
}

void Reader::send_again() {
  if (range_) return send(*range_);
  follow(cycle_.resume());
}

// On a serial line a response is accepted when no similar one follows it.
void Reader::settle_or_end() {
  const auto gap = profile_->transport(address_.protocol).request_gap;
  const bool failed = range_ ? failure_.has_value() : cycle_.failure().has_value();
  wait(State::settling,
       failed ? milliseconds{0} : link_->conversation().settling_time(gap, steady_clock::now()));
}

void Reader::wait(State state, milliseconds time) {
  state_ = state;
  resume_at_ = steady_clock::now() + time;
  wake_.cancel();
}

// An exception ends this read only.
template <class Act>
void Reader::guarded(Act act) noexcept {
  try {
    act();
  } catch (...) {
    unexpected_ = std::current_exception();
    supervision::report_exception(unexpected_, supervision::Task::single_read, address_.host,
                                  "this read has failed");
    state_ = State::done;
    resume_at_ = SteadyTime::max();
    supervision::attempt(supervision::Task::single_read, address_.host, "the read ends at its deadline",
                         [this] { wake_.cancel(); });
  }
}

void Reader::finished(const link::Outcome& outcome) {
  guarded([&] { process_outcome(outcome); });
}

void Reader::process_outcome(const link::Outcome& outcome) {
  last_outcome_ = steady_clock::now();
  last_timestamp_ = reading::system_now();
  store_registers(outcome);
  if (outcome.error) spent_on_failures_ += outcome.latency;
  if (!range_) return follow(cycle_.process(outcome, spent_on_failures_ < link::single_read_retry_time()));
  if (outcome.error) {
    failure_ = outcome;
    failure_->registers = {};
  }
  settle_or_end();
}

// A failed read also removes the registers of an earlier suspect response to the same request.
void Reader::store_registers(const link::Outcome& outcome) {
  const modbus::ReadRequest& request = outcome.request;
  const profile::TableData data{.first = request.first, .bytes = outcome.registers};
  for (std::uint32_t index = 0; index < request.count; ++index) {
    const auto address = static_cast<std::uint16_t>(request.first + index);
    const modbus::TableAddress place{request.function, address};
    if (outcome.error) {
      registers_.erase(place);
    } else if (modbus::reads_bits(request.function)) {
      registers_[place] = data.bit_at(address) ? 1 : 0;
    } else {
      registers_[place] = data.register_at(address);
    }
  }
}

// The response to another request may have been accepted as a response to ours.
void Reader::response_suspected(const modbus::ReadRequest& request) {
  guarded([&] { process_suspect(request); });
}

void Reader::process_suspect(const modbus::ReadRequest& request) {
  if (!range_) {
    const bool has_request = cycle_.mark_suspect(request);
    if (state_ == State::settling && has_request) wait(State::pausing, milliseconds{0});
    return;
  }
  if (state_ != State::settling || failure_) return;
  if (++suspect_responses_ > link::suspects_per_cycle_max) {
    failure_ = link::Outcome{.request = *range_, .error = link::Error::suspect_responses};
    return;
  }
  wait(State::pausing, milliseconds{0});
}

ReadResult Reader::result(SteadyTime start) {
  ReadResult read;
  read.timestamp = last_timestamp_;
  read.took = std::chrono::duration_cast<std::chrono::microseconds>(last_outcome_ - start);
  read.requests = requests_;
  last_read_succeeded_ = false;
  if (state_ != State::done) {
    const auto waited = std::min<std::chrono::nanoseconds>(time_limit, std::max(end_by_ - start, {}));
    read.took = std::chrono::duration_cast<std::chrono::microseconds>(waited);
    read.error = fmt::format("{} unit {}: the line was busy for {} s; try again",
                             text::print_host_port(address_.host, address_.port), address_.unit_id,
                             std::chrono::duration_cast<std::chrono::seconds>(waited).count());
    return read;
  }
  read.failure = range_ ? failure_ : cycle_.failure();
  if (read.failure) {
    read.error = describe(address_, *read.failure, timeout_);
    if (!range_) cycle_.forget_refusals();
    return read;
  }
  last_read_succeeded_ = true;
  read.registers = std::move(registers_);
  if (!range_) {
    cycle_.commit(last_timestamp_);
    read.texts = cycle_.texts();
    read.alarm_words = cycle_.alarm_words();
    read.values = cycle_.values();
    read.missing = {cycle_.refused(), cycle_.unread()};
  }
  return read;
}

}  // namespace gensetd::poller
