#include "simulator/listener.hpp"

#include "simulator/keep_alive.hpp"
#include "simulator/session.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <stdexcept>
#include <string>

namespace gensetd::simulator {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using std::chrono::steady_clock;

constexpr auto use_tuple = asio::as_tuple(asio::use_awaitable);
constexpr int backlog = 64;
constexpr std::chrono::milliseconds pause_after_failed_accept{100};  // out of descriptors: some will be freed
constexpr std::int64_t bits_per_character = 11;

std::runtime_error cannot_listen(const std::string& place, const std::string& reason) {
  return std::runtime_error("the simulator cannot listen on " + place + ": " + reason);
}

tcp::endpoint endpoint_of(const Listening& place) {
  boost::system::error_code failed;
  const asio::ip::address address = asio::ip::make_address(place.address, failed);
  if (failed)
    throw cannot_listen(place.address + ":" + std::to_string(place.port), "it is not an IP address");
  return {address, place.port};
}

std::chrono::nanoseconds character_time(const Listening& place) {
  if (!place.serial_pacing || place.baud == 0) return {};
  return std::chrono::nanoseconds{1'000'000'000 * bits_per_character / place.baud};
}

std::array<std::int32_t, 256> by_unit(const std::vector<Controller>& controllers) {
  std::array<std::int32_t, 256> index_of{};
  index_of.fill(-1);
  for (std::size_t index = 0; index < controllers.size(); ++index) {
    index_of[controllers[index].unit_id] = static_cast<std::int32_t>(index);
  }
  return index_of;
}

}  // namespace

Listener::Listener(asio::io_context& context, const Listening& place, std::size_t index,
                   std::shared_ptr<Plant> plant, std::uint64_t seed)
    : context_(context),
      endpoint_(endpoint_of(place)),
      acceptor_(context),
      pause_(context),
      protocol_(place.protocol),
      serial_pacing_(place.serial_pacing),
      character_time_(character_time(place)),
      turnaround_(place.turnaround),
      index_(index),
      plant_(std::move(plant)),
      controller_of_unit_(by_unit(place.controllers)),
      fault_maker_(place.faults, seed) {
  bind();
}

void Listener::bind() {
  boost::system::error_code failed;
  acceptor_.open(endpoint_.protocol(), failed);
  if (!failed) acceptor_.set_option(tcp::acceptor::reuse_address(true), failed);
  if (!failed) acceptor_.bind(endpoint_, failed);
  if (!failed) acceptor_.listen(backlog, failed);
  if (failed) {
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    throw cannot_listen(endpoint_.address().to_string() + ":" + std::to_string(endpoint_.port()),
                        failed.message());
  }
  endpoint_ = acceptor_.local_endpoint();  // now with the port that the system chose
}

void Listener::start() {
  started_ = true;
  if (acceptor_.is_open())
    asio::co_spawn(context_, keep_alive(shared_from_this(), accept_all()), asio::detached);
}

void Listener::stop() {
  started_ = false;
  boost::system::error_code ignored;
  acceptor_.close(ignored);
  pause_.cancel();
  for (Session* session : sessions_) session->close();
}

void Listener::set_accepting(bool accepting) {
  if (accepting == acceptor_.is_open()) return;
  if (accepting) {
    bind();
    if (started_) start();
    return;
  }
  boost::system::error_code ignored;
  acceptor_.close(ignored);
  pause_.cancel();
  for (Session* session : sessions_) session->reset();
}

asio::awaitable<void> Listener::accept_all() {
  const std::size_t clients_max =
      protocol_ == modbus::Protocol::rtu_over_tcp ? converter_clients_max : tcp_clients_max;
  while (acceptor_.is_open()) {
    tcp::socket socket(context_);
    const auto [failed] = co_await acceptor_.async_accept(socket, use_tuple);
    if (failed == asio::error::operation_aborted)
      co_return;  // closed; a new bind() has a coroutine of its own
    if (failed) {
      pause_.expires_after(pause_after_failed_accept);
      co_await pause_.async_wait(use_tuple);
    } else if (sessions_.size() < clients_max) {
      const auto session = std::make_shared<Session>(shared_from_this(), std::move(socket));
      asio::co_spawn(context_, keep_alive(session, session->run()), asio::detached);
    }
  }
}

Response Listener::respond(std::span<const std::uint8_t> received) const {
  const Units units = [this](std::uint8_t unit_id) -> const RegisterBank* {
    const std::int32_t controller = controller_of_unit_[unit_id];
    return controller < 0 ? nullptr : &plant_->registers(index_, static_cast<std::size_t>(controller));
  };
  return protocol_ == modbus::Protocol::tcp ? respond_tcp(received, units) : respond_rtu(received, units);
}

// On the wire: the request, the controller's turnaround, the answer. The converter passes an answer on when
// it is there as a whole.
Listener::SteadyTime Listener::take_line(std::size_t request_length, std::size_t answer_length,
                                         std::chrono::milliseconds delay) {
  const SteadyTime now = steady_clock::now();
  if (!is_line()) return now + delay;
  const SteadyTime begin = std::max(now, line_free_at_);
  line_free_at_ = begin + character_time_ * static_cast<std::int64_t>(request_length + answer_length) + delay;
  if (serial_pacing_ && answer_length > 0) line_free_at_ += turnaround_;
  return line_free_at_;
}

void Listener::send(Session& session, std::span<const std::uint8_t> bytes) {
  if (protocol_ == modbus::Protocol::tcp) return session.put(bytes);
  for (Session* client : sessions_) client->put(bytes);
}

}  // namespace gensetd::simulator
