#include "specification_client.hpp"

#include "modbus/crc.hpp"
#include "modbus/rtu_frame.hpp"

#include <array>
#include <cerrno>
#include <netinet/in.h>
#include <poll.h>
#include <stdexcept>
#include <string>
#include <sys/socket.h>
#include <system_error>
#include <thread>
#include <unistd.h>

namespace gensetd::bench {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds response_timeout{2'000};

class BlockingSocket {
 public:
  explicit BlockingSocket(std::uint16_t port) : handle_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (handle_ < 0 || ::connect(handle_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
      throw std::system_error(errno, std::generic_category(), "connect");
  }
  ~BlockingSocket() { ::close(handle_); }
  BlockingSocket(const BlockingSocket&) = delete;
  BlockingSocket& operator=(const BlockingSocket&) = delete;

  void send(std::span<const std::uint8_t> bytes) const {
    if (::send(handle_, bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
      throw std::system_error(errno, std::generic_category(), "send");
  }

  // Some bytes, or none if none arrived within `timeout`.
  std::vector<std::uint8_t> receive(milliseconds timeout) const {
    pollfd waiting{.fd = handle_, .events = POLLIN, .revents = 0};
    if (::poll(&waiting, 1, static_cast<int>(timeout.count())) <= 0) return {};
    std::array<std::uint8_t, 1'024> chunk;
    const ssize_t length = ::recv(handle_, chunk.data(), chunk.size(), 0);
    if (length <= 0) throw std::runtime_error("the simulator closed the connection");
    return {chunk.begin(), chunk.begin() + length};
  }

 private:
  int handle_;
};

void read_block(const BlockingSocket& socket, std::uint8_t unit_id, const profile::Block& block) {
  socket.receive(flush_timeout);
  socket.send(modbus::encode_rtu({.unit_id = unit_id,
                                  .function = modbus::Function::holding_registers,
                                  .first = block.address,
                                  .count = block.count}));
  std::this_thread::sleep_for(pause_after_sending);
  std::vector<std::uint8_t> response;
  while (response.size() < modbus::rtu_response_length(2U * block.count)) {
    const auto more = socket.receive(response_timeout);
    if (more.empty()) throw std::runtime_error("no answer for block " + block.name);
    response.insert(response.end(), more.begin(), more.end());
  }
  if (modbus::crc16(response) != 0) throw std::runtime_error("a wrong CRC for block " + block.name);
}

}  // namespace

std::vector<std::chrono::nanoseconds> read_as_specified(std::uint16_t port, std::uint8_t unit_id,
                                                        const std::vector<profile::Block>& blocks,
                                                        int times) {
  const BlockingSocket socket(port);
  std::vector<std::chrono::nanoseconds> cycles;
  for (int time = 0; time < times; ++time) {
    const auto begin = steady_clock::now();
    for (const profile::Block& block : blocks) {
      if (&block != &blocks.front()) std::this_thread::sleep_for(pause_between_blocks);
      read_block(socket, unit_id, block);
    }
    cycles.push_back(steady_clock::now() - begin);
  }
  return cycles;
}

}  // namespace gensetd::bench
