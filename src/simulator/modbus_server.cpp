#include "simulator/modbus_server.hpp"

#include "simulator/foreign_master.hpp"
#include "simulator/keep_alive.hpp"
#include "simulator/modbus_session.hpp"
#include "simulator/outages.hpp"
#include "simulator/unsolicited_data.hpp"
#include "supervision/tasks.hpp"
#include "supervision/use_tuple.hpp"

#include <boost/asio/ip/address.hpp>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

namespace gensetd::simulator {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using std::chrono::steady_clock;

using supervision::use_tuple;
constexpr int backlog = 64;
constexpr std::chrono::milliseconds pause_after_failed_accept{
    100};  // out of file descriptors: wait until some are freed
constexpr std::int64_t bits_per_character = 11;

std::runtime_error cannot_listen(const std::string& place, const std::string& reason) {
  return std::runtime_error("the simulator cannot listen on " + place + ": " + reason);
}

tcp::endpoint endpoint_of(const ModbusServerOptions& place) {
  boost::system::error_code failed;
  const asio::ip::address address = asio::ip::make_address(place.address, failed);
  if (failed)
    throw cannot_listen(place.address + ":" + std::to_string(place.port), "it is not an IP address");
  return {address, place.port};
}

std::chrono::nanoseconds character_time(const ModbusServerOptions& place) {
  if (!place.serial_pacing || place.baud == 0) return {};
  return std::chrono::nanoseconds{1'000'000'000 * bits_per_character / place.baud};
}

std::array<std::int32_t, 256> by_unit(const ModbusServerOptions& place) {
  std::array<std::int32_t, 256> index_of{};
  index_of.fill(-1);
  for (std::size_t index = 0; index < place.controllers.size(); ++index)
    index_of[place.controllers[index].unit_id] = static_cast<std::int32_t>(index);
  for (const std::uint8_t dead : place.dead_units) index_of[dead] = -1;
  return index_of;
}

std::size_t clients_max(const ModbusServerOptions& place) {
  if (place.clients_max != 0) return place.clients_max;
  return place.protocol == modbus::Protocol::rtu_over_tcp ? converter_clients_max : tcp_clients_max;
}

std::vector<std::uint8_t> active_units(const ModbusServerOptions& place) {
  std::vector<std::uint8_t> units;
  for (const SimulatedController& controller : place.controllers) {
    if (std::ranges::count(place.dead_units, controller.unit_id) == 0) units.push_back(controller.unit_id);
  }
  return units;
}

}  // namespace

ModbusServer::ModbusServer(asio::io_context& context, const ModbusServerOptions& place, std::size_t index,
                           std::shared_ptr<Plant> plant, std::uint64_t seed)
    : context_(context),
      endpoint_(endpoint_of(place)),
      acceptor_(context),
      pause_(context),
      packing_(context),
      protocol_(place.protocol),
      serial_pacing_(place.serial_pacing),
      character_time_(character_time(place)),
      turnaround_(place.turnaround),
      clients_max_(clients_max(place)),
      limits_(place.limits),
      outage_(place.outage),
      identity_(place.identity),
      unsolicited_data_(place.unsolicited_data),
      connection_behaviour_(place.connection_behaviour),
      copies_responses_(place.copies_responses),
      seed_(seed),
      index_(index),
      plant_(std::move(plant)),
      controller_of_unit_(by_unit(place)),
      fault_maker_(place.faults, seed),
      gateway_lag_(seed_of_part(seed, 0)),
      packer_(character_time_, place.packing),
      started_at_(steady_clock::now()) {
  bind();
  if (place.foreign_master && is_rtu())
    foreign_master_ =
        std::make_shared<ForeignMaster>(context_, *this, *place.foreign_master, active_units(place));
}

void ModbusServer::bind() {
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
  endpoint_ = acceptor_.local_endpoint();  // with the port that the system chose
}

void ModbusServer::start() {
  if (!std::exchange(started_, true) && foreign_master_) foreign_master_->start();
  if (acceptor_.is_open())
    supervision::spawn(context_, supervision::Task::simulator, keep_alive(shared_from_this(), accept_all()));
}

void ModbusServer::stop() {
  started_ = false;
  boost::system::error_code ignored;
  acceptor_.close(ignored);
  pause_.cancel();
  packing_.cancel();
  if (foreign_master_) foreign_master_->stop();
  for (ModbusSession* session : sessions_) session->close();
}

void ModbusServer::set_accepting(bool accepting) {
  if (accepting == acceptor_.is_open()) return;
  if (accepting) {
    bind();
    if (started_) start();
    return;
  }
  boost::system::error_code ignored;
  acceptor_.close(ignored);
  pause_.cancel();
  for (ModbusSession* session : sessions_) session->reset();
}

asio::awaitable<void> ModbusServer::accept_all() {
  while (acceptor_.is_open()) {
    tcp::socket socket(context_);
    const auto [failed] = co_await acceptor_.async_accept(socket, use_tuple);
    if (failed == asio::error::operation_aborted)
      co_return;  // closed; after a new bind() another coroutine accepts
    if (failed) {
      pause_.expires_after(pause_after_failed_accept);
      co_await pause_.async_wait(use_tuple);
    } else {
      admit(std::move(socket));
    }
  }
}

void ModbusServer::admit(tcp::socket socket) {
  const std::string name = "client " + std::to_string(++clients_);
  if (sessions_.size() >= clients_max_ && connection_behaviour_.evicts_oldest) {
    sessions_.front()->reset();
  } else if (sessions_.size() >= clients_max_) {
    trace(name, "rejected");
    boost::system::error_code ignored;
    socket.set_option(asio::socket_base::linger(true, 0), ignored);  // so that the client receives a reset
    socket.close(ignored);
    return;
  }
  trace(name, "connected");
  const auto session = std::make_shared<ModbusSession>(shared_from_this(), std::move(socket), name);
  supervision::spawn(context_, supervision::Task::simulator, keep_alive(session, session->run()));
}

bool ModbusServer::is_silent() const {
  const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(steady_clock::now() - started_at_);
  return simulator::is_silent(outage_, seed_, since);
}

const RegisterBank* ModbusServer::registers_of(std::uint8_t unit_id) const {
  const std::int32_t controller = controller_of_unit_[unit_id];
  return controller < 0 ? nullptr : &plant_->registers(index_, static_cast<std::size_t>(controller));
}

HandledRequest ModbusServer::respond(std::span<const std::uint8_t> received) const {
  const RegisterLookup units = [this](std::uint8_t unit_id) { return registers_of(unit_id); };
  HandledRequest handled =
      is_rtu() ? respond_rtu(received, units, limits_) : respond_tcp(received, units, limits_);
  if (is_silent()) handled.response.reset();
  return handled;
}

Delivery ModbusServer::deliver(const HandledRequest& handled) {
  return fault_maker_.deliver({.protocol = protocol_,
                               .response = *handled.response,
                               .read = handled.read,
                               .registers = handled.read ? registers_of(handled.read->unit_id) : nullptr});
}

std::optional<Bytes> ModbusServer::next_to_send(Bytes response, ResponseLag& connection_lag) {
  const LineFaults& faults = fault_maker_.faults();
  ResponseLag& behind = faults.lag.renumbered ? gateway_lag_ : connection_lag;
  std::optional<Bytes> due = behind.next(std::move(response), faults.lag, is_rtu());
  if (due && !is_rtu()) due = with_response_id(std::move(*due), faults.ids);
  return due;
}

std::uint64_t ModbusServer::seed_of_client() const { return seed_of_part(seed_, clients_); }

void ModbusServer::send_to(ModbusSession& client, std::span<const std::uint8_t> bytes) {
  if (!copies_responses_) return client.send_at_once(bytes);
  const std::vector<ModbusSession*> clients = sessions_;  // sending may end one
  for (ModbusSession* each : clients) each->send_at_once(bytes);
}

// On the wire: the request, the controller's turnaround, the response.
Turn ModbusServer::reserve_line(std::size_t request_length, std::size_t response_length,
                                std::chrono::milliseconds delay) {
  const SteadyTime now = steady_clock::now();
  if (!is_line()) return {now, now + delay, now + delay};
  Turn turn{.begin = std::max(now, line_free_at_)};
  turn.first_byte = turn.begin + character_time_ * static_cast<std::int64_t>(request_length) + delay;
  if (serial_pacing_ && response_length > 0) turn.first_byte += turnaround_;
  turn.last_byte = turn.first_byte + character_time_ * static_cast<std::int64_t>(response_length);
  line_free_at_ = turn.last_byte;
  return turn;
}

ModbusServer::SteadyTime ModbusServer::send_on_line(std::span<const Segment> segments, SteadyTime begin) {
  SteadyTime end = begin;
  for (const Segment& segment : segments) end = packer_.add(segment.bytes, end + segment.pause);
  line_free_at_ = std::max(line_free_at_, end);
  send_due_packets();
  return end;
}

// Sends the due packets, then waits for the next one.
void ModbusServer::send_due_packets() {
  for (auto due = packer_.due(); due; due = packer_.due()) {
    if (*due > steady_clock::now()) {
      packing_.expires_at(*due);
      packing_.async_wait([weak = weak_from_this()](boost::system::error_code aborted) {
        const auto self = weak.lock();
        if (self && !aborted) self->send_due_packets();
      });
      return;
    }
    Bytes packet = packer_.take();
    if (identity_.before_packets) packet.insert(packet.begin(), identity_.text.begin(), identity_.text.end());
    const std::vector<ModbusSession*> clients = sessions_;  // sending may end one
    for (ModbusSession* client : clients) client->send_at_once(packet);
  }
}

void ModbusServer::trace(const std::string& who, const std::string& what) const {
  if (trace_) trace_("port " + std::to_string(port()) + " " + who + ": " + what);
}

}  // namespace gensetd::simulator
