#pragma once

#include "simulator/options.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

namespace gensetd::simulator {

class ModbusServer;

// Polls the controllers of a server's line as another master would. Use: start(); stop() before the server is
// destroyed. Kept alive by its coroutine.
class ForeignMaster : public std::enable_shared_from_this<ForeignMaster> {
 public:
  ForeignMaster(boost::asio::io_context& context, ModbusServer& server, ForeignMasterOptions plan,
                std::vector<std::uint8_t> units);

  void start();
  void stop();

 private:
  boost::asio::awaitable<void> run();
  boost::asio::awaitable<void> poll_all();
  boost::asio::awaitable<void> read(std::uint8_t unit_id, profile::Block block);
  boost::asio::awaitable<void> wait_until(std::chrono::steady_clock::time_point time);

  ModbusServer* server_;  // null after stop()
  const ForeignMasterOptions plan_;
  const std::vector<std::uint8_t> units_;
  boost::asio::steady_timer timer_;
};

}  // namespace gensetd::simulator
