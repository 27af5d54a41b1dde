#include "link/line.hpp"

#include "link/error.hpp"
#include "log/log.hpp"
#include "supervision/exceptions.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/detail/socket_option.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <array>
#include <netinet/tcp.h>
#include <system_error>
#include <utility>

namespace gensetd::link {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

SteadyTime now() { return std::chrono::steady_clock::now(); }

// The kernel discards a request that the network has not delivered after this time, also after the connection
// was closed (tcp(7), TCP_USER_TIMEOUT). Otherwise it would reach the line when the network is back, perhaps
// a minute later, and the converter would copy its response to the next connection.
constexpr std::chrono::milliseconds undelivered_max{5'000};
static_assert(undelivered_max < DistinctCounts::late_response_max);

constexpr int reads_at_once_max = 4;

// After an unexpected error, from closing the connection to the next action.
constexpr std::chrono::milliseconds recovery_pause{200};

using UserTimeout = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_USER_TIMEOUT>;

}  // namespace

Line::Line(asio::io_context& context, std::string host, std::uint16_t port, AddressPolicy policy,
           std::shared_ptr<DescriptorBudget> descriptors, std::uint32_t seed)
    : context_(context),
      host_(std::move(host)),
      port_(port),
      policy_(policy),
      descriptor_(std::move(descriptors)),
      random_(seed),
      connecting_(context),
      resolver_(context),
      timer_(context) {}

void Line::stop() {
  stopped_ = true;
  close();
  timer_.cancel();
}

void Line::submit(TransactionHandler& handler, const Transaction& transaction) {
  if (stopped_) return;
  conversation_.submit(handler, transaction);
  // submit() must not call finished().
  if (is_running_ || is_posted_) return;
  asio::post(context_, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    self->is_posted_ = false;
    self->guarded([&] { self->run_actions(now()); });
  });
  is_posted_ = true;
}

void Line::run_actions(SteadyTime time, Sending sending) {
  if (stopped_ || std::exchange(is_running_, true)) return;
  const auto self = shared_from_this();  // a handler may destroy the Link
  guarded([&] {
    while (!stopped_ && execute(conversation_.next(time), time, sending)) {
    }
  });
  is_running_ = false;
}

// Updates `time` after a call of a handler, which may take long.
bool Line::execute(Action action, SteadyTime& time, Sending sending) {
  if (const auto* wait = std::get_if<Wait>(&action)) {
    set_timer(std::min(wait->until, connect_deadline_));
    return false;
  }
  if (const auto* report = std::get_if<Report>(&action)) {
    report->handler->finished(report->outcome);
    time = now();
  } else if (const auto* suspect = std::get_if<ReportSuspect>(&action)) {
    suspect->handler->response_suspected(suspect->request);
    time = now();
  } else if (const auto* to_send = std::get_if<Send>(&action)) {
    send(*to_send, time, sending);
  } else if (const auto* to_connect = std::get_if<Connect>(&action)) {
    connect(to_connect->timeout);
  } else {
    close();
    conversation_.closed({}, time);
  }
  return true;
}

void Line::send(const Send& send, SteadyTime time, Sending sending) {
  unsent_.insert(unsent_.end(), send.bytes.data(), send.bytes.data() + send.length);
  if (sending == Sending::now || send.at_once) send_unsent(time);
}

void Line::send_unsent(SteadyTime time) {
  error_code failed;
  const std::size_t written = socket_.send(unsent_, failed);
  const bool is_sent = !failed && written == unsent_.size();
  unsent_.clear();
  if (is_sent) return;
  // A peer whose buffers are full with so few bytes has not read for long.
  close();
  conversation_.closed(failed, time);
}

void Line::close() {
  ++connection_;
  registration_.end();
  unsent_.clear();
  socket_.close();
  error_code ignored;
  connecting_.close(ignored);
  descriptor_.release();
  resolver_.cancel();
  connect_deadline_ = SteadyTime::max();
}

void Line::connect(std::chrono::milliseconds timeout) {
  close();
  connect_deadline_ = now() + timeout;
  error_code not_literal;
  const auto literal = asio::ip::make_address(host_, not_literal);
  if (!not_literal) {
    try_allowed({tcp::endpoint(literal, port_)});
    return;
  }
  resolver_.async_resolve(host_, std::to_string(port_),
                          [self = shared_from_this(), connection = connection_](
                              error_code failed, const tcp::resolver::results_type& found) {
                            if (self->stopped_ || connection != self->connection_) return;
                            self->guarded([&] {
                              if (failed) return self->unreachable(Error::name_not_found, failed);
                              self->try_allowed({found.begin(), found.end()});
                            });
                          });
}

void Line::try_allowed(std::vector<tcp::endpoint> found) {
  error_code refusal = Error::connect_failed;
  std::erase_if(found, [&](const tcp::endpoint& endpoint) {
    const error_code refused = policy_.refusal(endpoint.address());
    if (refused) refusal = refused;
    return refused.failed();
  });
  if (found.empty()) return unreachable(refusal, {});
  std::ranges::reverse(found);
  endpoints_ = std::move(found);
  try_next_endpoint(Error::connect_failed);
}

void Line::try_next_endpoint(error_code last_failure) {
  if (endpoints_.empty()) return connection_failed(last_failure);
  if (!descriptor_.take()) return unreachable(Error::no_descriptor, {});
  const tcp::endpoint endpoint = endpoints_.back();
  endpoints_.pop_back();
  error_code ignored;
  connecting_.close(ignored);
  connecting_.async_connect(endpoint,
                            [self = shared_from_this(), connection = connection_](error_code failed) {
                              if (self->stopped_ || connection != self->connection_) return;
                              self->guarded([&] {
                                if (failed) return self->try_next_endpoint(failed);
                                self->opened();
                              });
                            });
}

// The socket is watched from here on: unrequested bytes show other masters on the line, and the end of the
// connection is known before the next request.
void Line::opened() {
  error_code unimportant;
  connecting_.set_option(tcp::no_delay(true), unimportant);
  connecting_.set_option(asio::socket_base::keep_alive(true), unimportant);
  connecting_.set_option(UserTimeout(static_cast<int>(undelivered_max.count())), unimportant);
  try {
    socket_ = ConnectedSocket(std::move(connecting_));
    registration_.begin(Readiness::of(context_), socket_.descriptor(), *this);
  } catch (const std::system_error& no_room) {
    return unreachable(Error::connect_failed,
                       error_code(no_room.code().value(), boost::system::system_category()));
  }
  connect_deadline_ = SteadyTime::max();
  const SteadyTime time = now();
  conversation_.opened(time, static_cast<std::uint16_t>(random_() >> 8U));
  run_actions(time);
}

void Line::connection_failed(error_code failed) {
  if (failed == asio::error::no_descriptors) {
    descriptor_.refused_by_system();
    return unreachable(Error::no_descriptor, failed);
  }
  const bool late = failed == asio::error::timed_out || failed == asio::error::operation_aborted;
  unreachable(late ? Error::connect_timeout : Error::connect_failed, failed);
}

void Line::unreachable(error_code error, error_code cause) {
  close();
  const SteadyTime time = now();
  conversation_.unreachable(error, cause, time);
  run_actions(time);
}

void Line::receive() {
  guarded([&] {
    SteadyTime time;
    read_some(time);
    if (!conversation_.connected()) run_actions(time);  // it is no longer registered
  });
}

void Line::process() {
  guarded([&] { run_actions(now(), Sending::together); });
}

void Line::send() {
  guarded([&] {
    if (unsent_.empty()) return;
    const SteadyTime time = now();
    send_unsent(time);
    if (!conversation_.connected()) run_actions(time);
  });
}

bool Line::read_some(SteadyTime& time) {
  std::array<std::uint8_t, 2'048> bytes;
  error_code failed;
  const std::size_t length = socket_.receive(bytes, failed);
  time = now();
  if (failed == asio::error::would_block || failed == asio::error::interrupted) return false;
  if (failed) {
    close();
    conversation_.closed(failed, time);
    return false;
  }
  conversation_.received(std::span(bytes).first(length), time);
  log_sharing_change(time);
  return true;
}

// A thread that got no processor time finds its timers due and bytes unread. So read first, then check
// deadlines. A peer that sends without end does not block the other work: the number of reads is limited.
void Line::drain() {
  guarded([&] {
    SteadyTime time = now();
    for (int reads = 0; reads < reads_at_once_max && conversation_.connected() && read_some(time); ++reads) {
    }
    run_actions(time);
  });
}

void Line::log_sharing_change(SteadyTime time) {
  const bool shared = conversation_.shared(time);
  if (shared == logged_shared_) return;
  logged_shared_ = shared;
  if (!shared) {
    return log::info("line_not_shared")
        .field("host", host_)
        .field("port", port_)
        .say("{}:{}: no other master or client was noticed on the line for ten minutes", host_, port_);
  }
  const modbus::RtuFrame& frame = conversation_.last_foreign();
  log::warning("line_shared")
      .field("host", host_)
      .field("port", port_)
      .field("unit", frame.unit_id)
      .field("function", frame.function)
      .field("register_count", frame.count)
      .say(
          "{}:{}: somebody else is on the line: a frame of unit {} that was not for gensetd (function {}, {} "
          "{}); look for another master, or another client of the converter",
          host_, port_, frame.unit_id, frame.function, frame.count,
          modbus::reads_bits(static_cast<modbus::Function>(frame.function)) ? "bits" : "registers");
}

// The timer is set again only for an earlier time, so it may expire early.
void Line::set_timer(SteadyTime time) {
  wanted_at_ = time;
  if (time >= armed_for_) return;
  timer_.expires_at(time);
  timer_.async_wait([weak = weak_from_this()](error_code aborted) {
    const auto self = weak.lock();
    if (!self || aborted || self->stopped_) return;
    self->guarded([&] { self->on_timer(); });
  });
  armed_for_ = time;
}

// Every completion handler runs in here: an exception ends this connection only. `this` exists when `act`
// throws: only run_actions() calls code that can destroy the Link, and it holds a reference and does not
// throw.
template <class Act>
void Line::guarded(Act act) noexcept {
  try {
    act();
  } catch (...) {
    supervision::report_exception(supervision::Task::link, host_, "the connection is closed and reopened");
    recover();
  }
}

// Closing ends the pending requests, or queues them again. The timer is set whatever else fails: it expires
// the remaining deadlines.
void Line::recover() noexcept {
  is_running_ = false;
  if (stopped_) return;
  supervision::attempt(supervision::Task::link, host_, "its requests end by their deadlines", [&] {
    const bool was_connecting = connect_deadline_ != SteadyTime::max();
    close();
    if (was_connecting) conversation_.unreachable(Error::connect_failed, {}, now());
    conversation_.closed({}, now());
  });
  supervision::persist([&] {
    armed_for_ = SteadyTime::max();
    set_timer(now() + recovery_pause);
  });
}

void Line::on_timer() {
  armed_for_ = SteadyTime::max();
  if (now() < wanted_at_) return set_timer(wanted_at_);
  if (connect_deadline_ <= now()) return connection_failed(asio::error::timed_out);
  drain();
}

}  // namespace gensetd::link
