#include "link/line.hpp"

#include "link/error.hpp"
#include "modbus/error.hpp"
#include "modbus/rtu_frame.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <utility>

namespace gensetd::link {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using modbus::Protocol;

constexpr auto use_tuple = asio::as_tuple(asio::use_awaitable);

// A peer that lost its power leaves a connection that never fails. After this many requests without a byte it
// is opened anew; one silent unit among living ones never gets there.
constexpr int silent_max = 2;

std::size_t encode(const Transaction& transaction, std::uint16_t transaction_id,
                   std::array<std::uint8_t, 12>& frame) {
  if (transaction.protocol == Protocol::tcp) {
    frame = modbus::encode_tcp(transaction.request, transaction_id);
    return modbus::tcp_request_length;
  }
  std::ranges::copy(modbus::encode_rtu(transaction.request), frame.begin());
  return modbus::rtu_request_length;
}

}  // namespace

Line::Line(asio::io_context& context, std::string host, std::uint16_t port)
    : context_(context),
      host_(std::move(host)),
      port_(port),
      socket_(context),
      resolver_(context),
      turn_(context),
      pause_(context),
      deadline_timer_(context) {}

void Line::start() {
  asio::co_spawn(context_, [self = shared_from_this()] { return self->run(); }, asio::detached);
}

void Line::stop() {
  stopped_ = true;
  waiting_.clear();
  asking_ = nullptr;
  close();
  resolver_.cancel();
  turn_.cancel();
  pause_.cancel();
  deadline_timer_.cancel();
}

void Line::submit(Requester& requester, const Transaction& transaction) {
  if (stopped_) return;
  waiting_.push_back({&requester, transaction});
  turn_.cancel();
}

void Line::withdraw(Requester& requester) {
  std::erase_if(waiting_, [&](const Waiting& entry) { return entry.requester == &requester; });
  if (asking_ == &requester) asking_ = nullptr;
}

asio::awaitable<void> Line::run() {
  while (!stopped_) {
    const bool has_work = co_await next_turn();
    if (!has_work) continue;
    const Outcome outcome = co_await carry_out();
    if (stopped_) co_return;
    tell(outcome);
  }
}

// Takes the first transaction that may be sent now; false after waiting for one.
asio::awaitable<bool> Line::next_turn() {
  const SteadyTime now = std::chrono::steady_clock::now();
  SteadyTime earliest = SteadyTime::max();
  for (auto entry = waiting_.begin(); entry != waiting_.end(); ++entry) {
    const bool serial = entry->transaction.protocol == Protocol::rtu_over_tcp;
    const SteadyTime safe = serial ? late_answers_.safe_from(entry->transaction.request, now) : now;
    if (safe <= now) {
      asking_ = entry->requester;
      current_ = entry->transaction;
      waiting_.erase(entry);
      co_return true;
    }
    earliest = std::min(earliest, safe);
  }
  turn_.expires_at(earliest);
  [[maybe_unused]] const auto [woken] = co_await turn_.async_wait(use_tuple);
  co_return false;
}

asio::awaitable<Outcome> Line::carry_out() {
  const bool was_open = socket_.is_open() && drain();
  if (!was_open) {
    Outcome connected = co_await connect();
    if (connected.error) co_return connected;
  }
  Outcome outcome = co_await exchange();
  // A connection that the peer had closed while it was idle says so only now: that is no failure of the
  // device.
  if (was_open && send_was_lost(outcome) && !stopped_) {
    Outcome connected = co_await connect();
    if (connected.error) co_return connected;
    outcome = co_await exchange();
  }
  if (outcome.error == Error::connection_lost) close();
  const bool answered = !outcome.error || outcome.error == modbus::Error::exception_answer;
  if (!answered && current_.protocol == Protocol::rtu_over_tcp) {
    late_answers_.expect(current_.request, std::chrono::steady_clock::now());
  }
  co_return outcome;
}

bool Line::send_was_lost(const Outcome& outcome) const {
  return outcome.error == Error::connection_lost && answered_bytes_ == 0;
}

asio::awaitable<Outcome> Line::connect() {
  close();
  allow(current_.timeout);
  error_code not_literal;
  const auto literal = asio::ip::make_address(host_, not_literal);
  if (!not_literal) {
    const tcp::endpoint endpoint(literal, port_);
    co_return co_await try_endpoint(endpoint);
  }
  const std::string service = std::to_string(port_);
  const auto [failed, found] = co_await resolver_.async_resolve(host_, service, use_tuple);
  if (failed) co_return failure(expired() ? Error::connect_timeout : Error::name_not_found, failed);
  Outcome outcome = failure(Error::name_not_found);
  for (const auto& entry : found) {
    const tcp::endpoint endpoint = entry.endpoint();
    outcome = co_await try_endpoint(endpoint);
    if (!outcome.error || outcome.error == Error::connect_timeout) break;
  }
  co_return outcome;
}

asio::awaitable<Outcome> Line::try_endpoint(const tcp::endpoint& endpoint) {
  close();
  const auto [failed] = co_await socket_.async_connect(endpoint, use_tuple);
  if (failed) {
    const bool late = failed == asio::error::operation_aborted || failed == asio::error::timed_out;
    close();
    co_return failure(late ? Error::connect_timeout : Error::connect_failed, failed);
  }
  error_code ignored;
  socket_.set_option(tcp::no_delay(true), ignored);
  socket_.set_option(asio::socket_base::keep_alive(true), ignored);
  socket_.non_blocking(true, ignored);
  ++counters_.connects;
  co_return failure({});
}

// Waits until the line has been silent for the request gap. False: the connection is lost.
asio::awaitable<bool> Line::quiet_line() {
  while (!stopped_) {
    if (!drain()) co_return false;
    const SteadyTime quiet_from = last_byte_ + current_.request_gap;
    if (quiet_from <= std::chrono::steady_clock::now() || expired()) co_return true;
    pause_.expires_at(std::min(quiet_from, deadline_));
    [[maybe_unused]] const auto [woken] = co_await pause_.async_wait(use_tuple);
  }
  co_return false;
}

asio::awaitable<Outcome> Line::exchange() {
  answered_bytes_ = 0;
  received_length_ = 0;
  last_mismatch_.reset();
  allow(current_.timeout);
  const bool quiet = co_await quiet_line();
  if (!quiet) co_return failure(Error::connection_lost);

  std::array<std::uint8_t, 12> frame{};
  const std::size_t length = encode(current_, ++transaction_id_, frame);
  allow(current_.timeout);
  const auto [failed, written] =
      co_await asio::async_write(socket_, asio::buffer(frame.data(), length), use_tuple);
  if (failed) co_return expired() ? timed_out() : failure(Error::connection_lost, failed);
  ++counters_.requests;
  last_byte_ = std::chrono::steady_clock::now();
  co_return co_await listen();
}

asio::awaitable<Outcome> Line::listen() {
  for (;;) {
    if (auto done = look_at_received()) co_return *done;
    const auto room = asio::buffer(received_.data() + received_length_, received_.size() - received_length_);
    const auto [failed, length] = co_await socket_.async_read_some(room, use_tuple);
    if (failed) co_return expired() ? timed_out() : failure(Error::connection_lost, failed);
    last_byte_ = std::chrono::steady_clock::now();
    received_length_ += length;
    answered_bytes_ += length;
    silent_in_a_row_ = 0;
    if (last_byte_ >= deadline_) co_return timed_out();
  }
}

// Cuts frames off what came until it is our answer, or more is needed.
std::optional<Outcome> Line::look_at_received() {
  for (;;) {
    const auto received = std::span<const std::uint8_t>(received_).first(received_length_);
    const modbus::Assembled assembled =
        current_.protocol == Protocol::tcp ? modbus::assemble_tcp(current_.request, transaction_id_, received)
                                           : modbus::assemble_rtu(current_.request, received);
    if (std::holds_alternative<modbus::Incomplete>(assembled)) return std::nullopt;
    if (const auto* answer = std::get_if<modbus::Answer>(&assembled)) {
      ++counters_.answers;
      Outcome outcome = failure({});
      outcome.registers = answer->registers;
      return outcome;
    }
    if (const auto* refused = std::get_if<modbus::Refused>(&assembled)) {
      ++counters_.exceptions;
      Outcome outcome = failure(modbus::Error::exception_answer);
      outcome.exception = refused->exception;
      return outcome;
    }
    const auto& not_ours = std::get<modbus::NotOurs>(assembled);
    note_mismatch(not_ours.why, not_ours.length);
    std::copy(received.begin() + static_cast<std::ptrdiff_t>(not_ours.length), received.end(),
              received_.begin());
    received_length_ -= not_ours.length;
  }
}

void Line::note_mismatch(modbus::Mismatch why, std::size_t length) {
  // The rest of a broken frame comes as garbage: what it was is remembered.
  if (why != modbus::Mismatch::garbage || !last_mismatch_) last_mismatch_ = why;
  switch (why) {
    case modbus::Mismatch::garbage:
      counters_.garbage_bytes += length;
      break;
    case modbus::Mismatch::broken:
      ++counters_.broken_frames;
      break;
    default:
      ++counters_.foreign_frames;
  }
}

Outcome Line::timed_out() {
  ++counters_.timeouts;
  if (answered_bytes_ == 0 && ++silent_in_a_row_ >= silent_max) close();
  if (!last_mismatch_) return failure(Error::no_answer);
  switch (*last_mismatch_) {
    case modbus::Mismatch::broken:
    case modbus::Mismatch::garbage:
      return failure(modbus::Error::broken_answer);
    case modbus::Mismatch::other_protocol:
      return failure(modbus::Error::wrong_protocol);
    default:
      return failure(modbus::Error::foreign_answer);
  }
}

// Throws away what came unasked: late answers and other masters' traffic. False: the peer has closed.
bool Line::drain() {
  for (;;) {
    error_code failed;
    const std::size_t length = socket_.read_some(asio::buffer(received_), failed);
    if (failed == asio::error::would_block || failed == asio::error::try_again) return true;
    if (failed) return false;
    last_byte_ = std::chrono::steady_clock::now();
    counters_.garbage_bytes += length;
    if (expired()) return true;  // a peer that babbles for ever is not listened to for ever
  }
}

Outcome Line::failure(error_code error, error_code cause) const {
  return {.request = current_.request, .error = error, .cause = cause};
}

void Line::tell(const Outcome& outcome) {
  if (Requester* requester = std::exchange(asking_, nullptr)) requester->finished(outcome);
  const bool unreachable = outcome.error == Error::connect_failed ||
                           outcome.error == Error::connect_timeout || outcome.error == Error::name_not_found;
  if (unreachable) fail_all(outcome);
}

// A connection that cannot be had cannot be had for all who wait: each would else cost a timeout of its own.
void Line::fail_all(const Outcome& outcome) {
  auto waited = waiting_.size();
  while (waited-- > 0 && !waiting_.empty()) {
    const Waiting entry = waiting_.front();
    waiting_.pop_front();
    Outcome same = outcome;
    same.request = entry.transaction.request;
    entry.requester->finished(same);
  }
}

void Line::close() {
  error_code ignored;
  socket_.close(ignored);
  silent_in_a_row_ = 0;
}

void Line::allow(std::chrono::milliseconds time) {
  deadline_ = std::chrono::steady_clock::now() + time;
  // The timer goes on sleeping to an earlier deadline and then sees the new one; only one that moved forward
  // needs to wake it.
  if (watching_ && deadline_timer_.expiry() <= deadline_) return;
  watch_deadline();
}

void Line::watch_deadline() {
  watching_ = true;
  deadline_timer_.expires_at(deadline_);
  deadline_timer_.async_wait([weak = weak_from_this()](error_code aborted) {
    const auto self = weak.lock();
    if (!self || aborted || self->stopped_) return;
    self->watching_ = false;
    if (!self->expired()) {
      self->watch_deadline();
      return;
    }
    error_code ignored;
    self->socket_.cancel(ignored);
    self->resolver_.cancel();
  });
}

}  // namespace gensetd::link
