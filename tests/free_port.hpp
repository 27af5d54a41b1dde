#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <cstdint>
#include <stdexcept>
#include <unistd.h>

namespace gensetd {

// A port of loopback that nobody listens on, for a server to be started. Not one of those that the kernel
// gives to sockets without one (from 32768 on): there a client that asks again and again until its server
// listens would sooner or later be connected to itself.
inline std::uint16_t free_port() {
  using boost::asio::ip::tcp;
  constexpr unsigned lowest = 10'000;
  constexpr unsigned count = 32'768 - lowest;
  static unsigned next = static_cast<unsigned>(::getpid()) * 61;  // tests run side by side
  boost::asio::io_context context;
  for (unsigned tries = 0; tries < count; ++tries) {
    const auto port = static_cast<std::uint16_t>(lowest + next++ % count);
    tcp::acceptor acceptor(context, tcp::v4());
    boost::system::error_code taken;
    acceptor.bind({boost::asio::ip::address_v4::loopback(), port}, taken);
    if (!taken) return port;
  }
  throw std::runtime_error("no free port");
}

}  // namespace gensetd
