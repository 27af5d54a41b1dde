#include "simulator/modbus_session.hpp"

#include "modbus/big_endian.hpp"
#include "profile/words.hpp"
#include "simulator/keep_alive.hpp"
#include "supervision/tasks.hpp"
#include "supervision/use_tuple.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/socket_base.hpp>

#include <algorithm>
#include <utility>

namespace gensetd::simulator {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

using supervision::use_tuple;

// A controller discards a request that is interrupted for this time. On the wire the limit is 1.5 characters
// (serial line guide V1.02, 2.5.1.1), which is too short to observe through TCP.
constexpr std::chrono::milliseconds torn_after{200};

// Longest time between the last byte of a response on the serial line and its packet.
constexpr std::chrono::milliseconds packet_time_max{60};

}  // namespace

ModbusSession::ModbusSession(std::shared_ptr<ModbusServer> server, tcp::socket socket, std::string name)
    : server_(std::move(server)),
      socket_(std::move(socket)),
      pause_(socket_.get_executor()),
      lag_(server_->seed_of_client()),
      random_(seed_of_part(server_->seed_of_client(), 0)),
      name_(std::move(name)) {
  boost::system::error_code ignored;
  socket_.set_option(tcp::no_delay(true), ignored);  // each segment is one TCP segment
  socket_.set_option(asio::socket_base::keep_alive(true), ignored);
  socket_.non_blocking(true, ignored);
  server_->add(*this);
}

ModbusSession::~ModbusSession() { server_->remove(*this); }

asio::awaitable<void> ModbusSession::run() {
  start_periodic_tasks();
  while (socket_.is_open()) {
    const auto space = asio::buffer(received_.data() + received_length_, received_.size() - received_length_);
    const auto [failed, length] = co_await socket_.async_read_some(space, use_tuple);
    if (failed) break;
    drop_torn_request();
    std::copy_n(static_cast<const std::uint8_t*>(space.data()), length, received_.data() + received_length_);
    received_length_ += length;
    last_byte_ = steady_clock::now();

    std::size_t used = 0;
    while (socket_.is_open()) {
      const std::span<const std::uint8_t> unread(received_.data() + used, received_length_ - used);
      HandledRequest handled = server_->respond(unread);
      if (handled.length == 0) break;
      if (handled.read) {
        last_request_.read = *handled.read;
        if (!server_->is_rtu()) last_request_.transaction_id = modbus::number_at(unread, 0);
      }
      used += handled.length;
      trace(handled);
      if (handled.response && !hangs_ && !ignores_requests()) {
        is_serving_ = true;
        co_await serve(std::move(handled));
        is_serving_ = false;
      } else {
        server_->reserve_line(handled.length, 0, {});
      }
    }
    std::copy(received_.begin() + static_cast<std::ptrdiff_t>(used),
              received_.begin() + static_cast<std::ptrdiff_t>(received_length_), received_.begin());
    received_length_ -= used;
    // No request fills the buffer, so these bytes are none.
    if (received_length_ == received_.size()) received_length_ = 0;
  }
  close();
  server_->trace(name_, "disconnected");
}

void ModbusSession::trace(const HandledRequest& handled) const {
  if (!handled.read)
    return server_->trace(name_, std::to_string(handled.length) + " bytes are no read request");
  const modbus::ReadRequest& read = *handled.read;
  server_->trace(name_, "unit " + std::to_string(read.unit_id) + " reads " +
                            std::string{profile::table_prefix(read.function)} + std::to_string(read.first) +
                            ".." + std::to_string(read.first + read.count - 1));
}

void ModbusSession::drop_torn_request() {
  if (steady_clock::now() - last_byte_ > torn_after) received_length_ = 0;
}

asio::awaitable<void> ModbusSession::serve(HandledRequest handled) {
  const std::size_t due_length = handled.response->size();
  handled.response = server_->next_to_send(std::move(*handled.response), lag_);
  if (!handled.response) {
    const Turn turn = server_->reserve_line(handled.length, due_length, {});
    co_await wait_until(turn.last_byte);
    co_return;
  }
  Delivery delivery = server_->deliver(handled);
  const Turn turn = server_->reserve_line(handled.length, handled.response->size(), delivery.delay);
  // What translates to Modbus TCP has the whole answer first.
  const SteadyTime ready = server_->is_rtu() ? turn.first_byte : turn.last_byte;
  co_await wait_until(ready);
  if (!socket_.is_open()) co_return;
  if (delivery.reset) {
    reset();
    co_return;
  }
  hangs_ = hangs_ || delivery.hang;
  if (delivery.hold) {
    hold(delivery.segments);
  } else if (!delivery.segments.empty()) {
    co_await send(std::move(delivery.segments), ready);
  }
  co_await wait_until(turn.last_byte);
  for (DelayedBytes& late : delivery.late) {
    if (!socket_.is_open() || late_.size() >= late_responses_max) co_return;
    auto sending = send_late(std::move(late));
    supervision::spawn(socket_.get_executor(), supervision::Task::simulator,
                       keep_alive(shared_from_this(), std::move(sending)));
  }
  const std::uint64_t closes_after_responses = server_->connection_behaviour().closes_after_responses;
  if (++responses_ != closes_after_responses) co_return;
  const SteadyTime gone = steady_clock::now() + (server_->is_rtu() ? packet_time_max : milliseconds{0});
  co_await wait_until(gone);
  close();
}

// On RTU the bytes go to all clients of the converter, in the packets of the line.
asio::awaitable<void> ModbusSession::send(std::vector<Segment> segments, SteadyTime first_byte) {
  Bytes& first = segments.front().bytes;
  first.insert(first.begin(), held_.begin(), held_.end());
  held_.clear();
  if (server_->is_rtu()) {
    const SteadyTime end = server_->send_on_line(segments, first_byte);
    co_await wait_until(end);
    co_return;
  }
  for (const Segment& segment : segments) {
    const SteadyTime time = steady_clock::now() + segment.pause;
    co_await wait_until(time);
    const ConverterIdentity& identity = server_->identity();
    if (identity.before_packets) send_identity();
    server_->send_to(*this, segment.bytes);
  }
}

asio::awaitable<void> ModbusSession::send_late(DelayedBytes late) {
  const auto timer = late_.emplace(late_.end(), socket_.get_executor(), late.after);
  co_await timer->async_wait(use_tuple);
  late_.erase(timer);
  if (!socket_.is_open()) co_return;
  if (!server_->is_rtu()) {
    server_->send_to(*this, late.bytes);
    co_return;
  }
  const Segment segment{.bytes = std::move(late.bytes)};
  server_->send_on_line({&segment, 1}, steady_clock::now());
}

asio::awaitable<void> ModbusSession::wait_until(SteadyTime time) {
  if (time <= steady_clock::now()) co_return;
  pause_.expires_at(time);
  co_await pause_.async_wait(use_tuple);
}

// Starts the enabled tasks of the device that need no request.
void ModbusSession::start_periodic_tasks() {
  const ConverterIdentity& identity = server_->identity();
  if (identity.at_connect) send_identity();
  if (!identity.text.empty()) start(identity.every, &ModbusSession::send_identity);
  start(server_->unsolicited_data().every, &ModbusSession::send_unsolicited);
  start(server_->connection_behaviour().idle_timeout / 4, &ModbusSession::close_if_idle);
}

void ModbusSession::start(milliseconds period, void (ModbusSession::*act)()) {
  if (period.count() == 0) return;
  auto repeating = repeat(period, act);
  supervision::spawn(socket_.get_executor(), supervision::Task::simulator,
                     keep_alive(shared_from_this(), std::move(repeating)));
}

asio::awaitable<void> ModbusSession::repeat(milliseconds period, void (ModbusSession::*act)()) {
  const auto timer = periodic_timers_.emplace(periodic_timers_.end(), socket_.get_executor());
  while (socket_.is_open()) {
    timer->expires_after(period);
    co_await timer->async_wait(use_tuple);
    if (socket_.is_open()) (this->*act)();
  }
  periodic_timers_.erase(timer);
}

void ModbusSession::send_identity() {
  const std::string& text = server_->identity().text;
  send_at_once({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

void ModbusSession::send_unsolicited() {
  if (is_serving_) return;
  const bool rtu = server_->is_rtu();
  Segment segment{.bytes = unsolicited_data(last_request_, rtu, server_->unsolicited_data().ids, random_)};
  if (!rtu) return send_at_once(segment.bytes);
  server_->send_on_line({&segment, 1}, steady_clock::now());
}

void ModbusSession::close_if_idle() {
  const SteadyTime since = std::max(last_byte_, connected_at_);
  if (!is_serving_ && steady_clock::now() - since >= server_->connection_behaviour().idle_timeout) close();
}

bool ModbusSession::ignores_requests() const {
  return steady_clock::now() - connected_at_ < server_->connection_behaviour().ignores_requests_for;
}

void ModbusSession::hold(const std::vector<Segment>& segments) {
  for (const Segment& segment : segments) {
    if (held_.size() + segment.bytes.size() > held_bytes_max) return;
    held_.insert(held_.end(), segment.bytes.begin(), segment.bytes.end());
  }
}

void ModbusSession::send_at_once(std::span<const std::uint8_t> bytes) {
  if (!socket_.is_open() || hangs_ || server_->is_silent()) return;
  boost::system::error_code failed;
  const std::size_t written = socket_.write_some(asio::buffer(bytes.data(), bytes.size()), failed);
  if (failed || written < bytes.size()) close();
}

void ModbusSession::close() {
  boost::system::error_code ignored;
  socket_.close(ignored);
  pause_.cancel();
  for (asio::steady_timer& timer : late_) timer.cancel();
  for (asio::steady_timer& timer : periodic_timers_) timer.cancel();
}

void ModbusSession::reset() {
  boost::system::error_code ignored;
  socket_.set_option(asio::socket_base::linger(true, 0), ignored);
  close();
}

}  // namespace gensetd::simulator
