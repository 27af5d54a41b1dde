#include "server/linger.hpp"

#include <array>
#include <chrono>
#include <cstddef>

namespace gensetd::server {
namespace {

constexpr std::chrono::seconds lingering_max{2};
constexpr std::size_t lingering_bytes_max = 1'048'576;

}  // namespace

boost::asio::awaitable<void> linger(boost::beast::tcp_stream& connection) {
  boost::beast::error_code ignored;
  connection.socket().shutdown(boost::asio::ip::tcp::socket::shutdown_send, ignored);
  connection.expires_after(lingering_max);
  std::array<char, 4'096> rest;
  for (std::size_t read = 0; read < lingering_bytes_max;) {
    const auto [failed, length] = co_await connection.async_read_some(boost::asio::buffer(rest), use_tuple);
    if (failed) co_return;
    read += length;
  }
}

}  // namespace gensetd::server
