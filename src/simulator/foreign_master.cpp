#include "simulator/foreign_master.hpp"

#include "modbus/rtu_frame.hpp"
#include "simulator/keep_alive.hpp"
#include "simulator/modbus_server.hpp"
#include "supervision/tasks.hpp"
#include "supervision/use_tuple.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace gensetd::simulator {
namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

using supervision::use_tuple;

// The pauses of the specification (phase 2, critical points of the HGM9560).
constexpr milliseconds flush{100};  // reads and discards stale bytes
constexpr milliseconds after_sending{150};
constexpr milliseconds between_blocks{50};

}  // namespace

ForeignMaster::ForeignMaster(asio::io_context& context, ModbusServer& server, ForeignMasterOptions plan,
                             std::vector<std::uint8_t> units)
    : server_(&server), plan_(std::move(plan)), units_(std::move(units)), timer_(context) {}

void ForeignMaster::start() {
  supervision::spawn(timer_.get_executor(), supervision::Task::simulator,
                     keep_alive(shared_from_this(), run()));
}

void ForeignMaster::stop() {
  server_ = nullptr;
  timer_.cancel();
}

asio::awaitable<void> ForeignMaster::run() {
  while (server_ != nullptr) {
    co_await poll_all();
    const auto next = steady_clock::now() + plan_.interval;
    co_await wait_until(next);
  }
}

asio::awaitable<void> ForeignMaster::poll_all() {
  for (const std::uint8_t unit_id : units_) {
    for (const profile::Block& block : plan_.blocks) {
      if (server_ == nullptr) co_return;
      co_await read(unit_id, block);
    }
  }
}

asio::awaitable<void> ForeignMaster::read(std::uint8_t unit_id, profile::Block block) {
  const auto flushed = steady_clock::now() + flush;
  co_await wait_until(flushed);
  if (server_ == nullptr) co_return;
  const auto frame = modbus::encode_rtu(
      {.unit_id = unit_id, .function = block.table, .first = block.address, .count = block.count});
  const std::string range =
      std::to_string(block.address) + ".." + std::to_string(block.address + block.count - 1);
  server_->trace("foreign master", "unit " + std::to_string(unit_id) + " reads " + range);
  HandledRequest handled = server_->respond(frame);
  const std::size_t response_length = handled.response ? handled.response->size() : 0;
  const Turn turn = server_->reserve_line(frame.size(), response_length, milliseconds{0});
  co_await wait_until(turn.begin);
  if (server_ != nullptr && plan_.requests_visible) {
    const Segment request{.bytes = Bytes(frame.begin(), frame.end())};
    server_->send_on_line({&request, 1}, turn.begin);
  }
  co_await wait_until(turn.first_byte);
  if (server_ != nullptr && handled.response) {
    const Segment response{.bytes = std::move(*handled.response)};
    server_->send_on_line({&response, 1}, turn.first_byte);
  }
  const auto next = std::max(turn.begin + after_sending, turn.last_byte) + between_blocks;
  co_await wait_until(next);
}

asio::awaitable<void> ForeignMaster::wait_until(steady_clock::time_point time) {
  if (server_ == nullptr || time <= steady_clock::now()) co_return;
  timer_.expires_at(time);
  co_await timer_.async_wait(use_tuple);
}

}  // namespace gensetd::simulator
