#include "simulator/session.hpp"

#include "modbus/big_endian.hpp"
#include "simulator/keep_alive.hpp"
#include "supervision/tasks.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/socket_base.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <utility>

namespace gensetd::simulator {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr auto use_tuple = asio::as_tuple(asio::use_awaitable);

// A request that is not complete after so long a pause is torn: a controller drops it. On the wire the pause
// is 1.5 characters (serial line guide V1.02, 2.5.1.1); through TCP nothing so short can be seen.
constexpr std::chrono::milliseconds torn_after{200};

// After the last byte of a response on a serial line until it has left the converter.
constexpr std::chrono::milliseconds packet_time_max{60};

}  // namespace

Session::Session(std::shared_ptr<Listener> listener, tcp::socket socket, std::string name)
    : listener_(std::move(listener)),
      socket_(std::move(socket)),
      pause_(socket_.get_executor()),
      behind_(listener_->seed_of_client()),
      random_(seed_of_part(listener_->seed_of_client(), 0)),
      name_(std::move(name)) {
  boost::system::error_code ignored;
  socket_.set_option(tcp::no_delay(true), ignored);  // segments leave as they are cut
  socket_.set_option(asio::socket_base::keep_alive(true), ignored);
  socket_.non_blocking(true, ignored);
  listener_->joined(*this);
}

Session::~Session() { listener_->left(*this); }

asio::awaitable<void> Session::run() {
  start_habits();
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
      Response response = listener_->respond(unread);
      if (response.length == 0) break;
      if (response.read) {
        last_request_.read = *response.read;
        if (!listener_->is_rtu()) last_request_.transaction_id = modbus::number_at(unread, 0);
      }
      used += response.length;
      trace(response);
      if (response.answer && !hangs_ && !is_deaf()) {
        serves_ = true;
        co_await serve(std::move(response));
        serves_ = false;
      } else {
        listener_->take_line(response.length, 0, {});
      }
    }
    std::copy(received_.begin() + static_cast<std::ptrdiff_t>(used),
              received_.begin() + static_cast<std::ptrdiff_t>(received_length_), received_.begin());
    received_length_ -= used;
    // No request is as long as the buffer: what fills it is none.
    if (received_length_ == received_.size()) received_length_ = 0;
  }
  close();
  listener_->trace(name_, "gone");
}

void Session::trace(const Response& response) const {
  if (!response.read) return listener_->trace(name_, std::to_string(response.length) + " bytes are no read");
  const modbus::ReadRequest& read = *response.read;
  listener_->trace(name_, "unit " + std::to_string(read.unit_id) + " reads " + std::to_string(read.first) +
                              ".." + std::to_string(read.first + read.count - 1));
}

void Session::drop_torn_request() {
  if (steady_clock::now() - last_byte_ > torn_after) received_length_ = 0;
}

asio::awaitable<void> Session::serve(Response response) {
  const std::size_t due_length = response.answer->size();
  response.answer = listener_->in_turn(std::move(*response.answer), behind_);
  if (!response.answer) {
    const Turn turn = listener_->take_line(response.length, due_length, {});
    co_await wait_until(turn.last_byte);
    co_return;
  }
  Delivery delivery = listener_->deliver(response);
  const Turn turn = listener_->take_line(response.length, response.answer->size(), delivery.delay);
  // What translates to Modbus TCP has the whole answer first.
  const SteadyTime ready = listener_->is_rtu() ? turn.first_byte : turn.last_byte;
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
  for (LateBytes& late : delivery.late) {
    if (!socket_.is_open() || late_.size() >= late_answers_max) co_return;
    auto sending = send_late(std::move(late));
    supervision::spawn(socket_.get_executor(), supervision::Task::simulator,
                       keep_alive(shared_from_this(), std::move(sending)));
  }
  const std::uint64_t closes_after = listener_->connections().closes_after;
  if (++responses_ != closes_after) co_return;
  const SteadyTime gone = steady_clock::now() + (listener_->is_rtu() ? packet_time_max : milliseconds{0});
  co_await wait_until(gone);
  close();
}

// On RTU to all clients of the converter, when the line and its packing let them have it.
asio::awaitable<void> Session::send(std::vector<Segment> segments, SteadyTime first_byte) {
  Bytes& first = segments.front().bytes;
  first.insert(first.begin(), held_.begin(), held_.end());
  held_.clear();
  if (listener_->is_rtu()) {
    const SteadyTime end = listener_->put_on_line(segments, first_byte);
    co_await wait_until(end);
    co_return;
  }
  for (const Segment& segment : segments) {
    const SteadyTime time = steady_clock::now() + segment.pause;
    co_await wait_until(time);
    const Identity& identity = listener_->identity();
    if (identity.before_packets) send_identity();
    listener_->send_to(*this, segment.bytes);
  }
}

asio::awaitable<void> Session::send_late(LateBytes late) {
  const auto timer = late_.emplace(late_.end(), socket_.get_executor(), late.after);
  co_await timer->async_wait(use_tuple);
  late_.erase(timer);
  if (!socket_.is_open()) co_return;
  if (!listener_->is_rtu()) {
    listener_->send_to(*this, late.bytes);
    co_return;
  }
  const Segment segment{.bytes = std::move(late.bytes)};
  listener_->put_on_line({&segment, 1}, steady_clock::now());
}

asio::awaitable<void> Session::wait_until(SteadyTime time) {
  if (time <= steady_clock::now()) co_return;
  pause_.expires_at(time);
  co_await pause_.async_wait(use_tuple);
}

// What the device does without being asked. Without any of it nothing runs.
void Session::start_habits() {
  const Identity& identity = listener_->identity();
  if (identity.at_connect) send_identity();
  if (!identity.text.empty()) start(identity.every, &Session::send_identity);
  start(listener_->idle_strays().every, &Session::send_strays);
  start(listener_->connections().closes_idle / 4, &Session::close_if_idle);
}

void Session::start(milliseconds period, void (Session::*act)()) {
  if (period.count() == 0) return;
  auto repeating = repeat(period, act);
  supervision::spawn(socket_.get_executor(), supervision::Task::simulator,
                     keep_alive(shared_from_this(), std::move(repeating)));
}

asio::awaitable<void> Session::repeat(milliseconds period, void (Session::*act)()) {
  const auto timer = habits_.emplace(habits_.end(), socket_.get_executor());
  while (socket_.is_open()) {
    timer->expires_after(period);
    co_await timer->async_wait(use_tuple);
    if (socket_.is_open()) (this->*act)();
  }
  habits_.erase(timer);
}

void Session::send_identity() {
  const std::string& text = listener_->identity().text;
  put({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

void Session::send_strays() {
  if (serves_) return;
  const bool rtu = listener_->is_rtu();
  Segment segment{.bytes = stray_bytes(last_request_, rtu, listener_->idle_strays().ids, random_)};
  if (!rtu) return put(segment.bytes);
  listener_->put_on_line({&segment, 1}, steady_clock::now());
}

void Session::close_if_idle() {
  const SteadyTime since = std::max(last_byte_, connected_at_);
  if (!serves_ && steady_clock::now() - since >= listener_->connections().closes_idle) close();
}

bool Session::is_deaf() const { return steady_clock::now() - connected_at_ < listener_->connections().deaf; }

void Session::hold(const std::vector<Segment>& segments) {
  for (const Segment& segment : segments) {
    if (held_.size() + segment.bytes.size() > held_bytes_max) return;
    held_.insert(held_.end(), segment.bytes.begin(), segment.bytes.end());
  }
}

void Session::put(std::span<const std::uint8_t> bytes) {
  if (!socket_.is_open() || hangs_ || listener_->is_silent()) return;
  boost::system::error_code failed;
  const std::size_t written = socket_.write_some(asio::buffer(bytes.data(), bytes.size()), failed);
  if (failed || written < bytes.size()) close();
}

void Session::close() {
  boost::system::error_code ignored;
  socket_.close(ignored);
  pause_.cancel();
  for (asio::steady_timer& timer : late_) timer.cancel();
  for (asio::steady_timer& timer : habits_) timer.cancel();
}

void Session::reset() {
  boost::system::error_code ignored;
  socket_.set_option(asio::socket_base::linger(true, 0), ignored);
  close();
}

}  // namespace gensetd::simulator
