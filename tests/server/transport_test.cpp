#include "server/transport.hpp"

#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

// Over loopback connections.
namespace gensetd::server {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using WriteOutcome = Transport::WriteOutcome;

constexpr std::size_t unsent_max = 32'768;
constexpr std::size_t any_amount = 1'000'000'000;

class TransportTest : public testing::Test {
 protected:
  TransportTest() : transport(accepted()) {}

  tcp::socket accepted() {
    tcp::acceptor acceptor(context, {asio::ip::address_v4::loopback(), 0});
    peer.open(tcp::v4());
    peer.set_option(asio::socket_base::receive_buffer_size(4'096));
    peer.connect(acceptor.local_endpoint());
    return acceptor.accept();
  }

  WriteOutcome try_write_now(std::string_view head, std::string_view rest, std::size_t unsent = unsent_max) {
    return transport.try_write_now(
        {asio::buffer(head.data(), head.size()), asio::buffer(rest.data(), rest.size())}, unsent);
  }

  std::string read(std::size_t length) {
    std::string text(length, '\0');
    asio::read(peer, asio::buffer(text));
    return text;
  }

  asio::io_context context;
  tcp::socket peer{context};
  Transport transport;
};

TEST_F(TransportTest, both_buffers_are_written_at_once) {
  EXPECT_EQ(try_write_now("head ", "and rest"), WriteOutcome::written);
  EXPECT_EQ(read(13), "head and rest");
}

TEST_F(TransportTest, unsent_bytes_are_bounded_and_acknowledged_bytes_are_not_counted) {
  const std::string kilobyte(1'000, 'x');
  std::size_t written_bytes = 0;
  while (try_write_now("", kilobyte) == WriteOutcome::written) written_bytes += kilobyte.size();
  EXPECT_GE(written_bytes, unsent_max - 2'000);
  EXPECT_LT(written_bytes, 10 * unsent_max) << "the peer's buffer and the unsent bytes";
  EXPECT_EQ(try_write_now("", kilobyte), WriteOutcome::buffer_full);
  EXPECT_EQ(read(written_bytes), std::string(written_bytes, 'x')) << "no part of the refused bytes";
  // The acknowledgement may still be on its way.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{30};
  while (try_write_now("the ", "end") != WriteOutcome::written)
    ASSERT_LT(std::chrono::steady_clock::now(), deadline);
  EXPECT_EQ(read(7), "the end");
}

TEST_F(TransportTest, nothing_is_written_during_an_asynchronous_write) {
  const std::string much(4'000'000, 'x');
  std::size_t written = 0;
  asio::async_write(transport, asio::buffer(much),
                    [&](boost::system::error_code, std::size_t length) { written = length; });
  context.poll();
  ASSERT_EQ(written, 0U) << "it waits for the peer";
  EXPECT_EQ(try_write_now("x", "y", any_amount), WriteOutcome::writer_busy);
  std::array<char, 65'536> taken{};
  std::size_t read_in_all = 0;
  while (written == 0) {
    read_in_all += peer.read_some(asio::buffer(taken));
    context.poll();
    ASSERT_LE(read_in_all, much.size());
    if (written == 0) {
      ASSERT_EQ(try_write_now("x", "y", any_amount), WriteOutcome::writer_busy);
    }
  }
  EXPECT_EQ(written, much.size());
  EXPECT_EQ(try_write_now("x", "y", any_amount), WriteOutcome::written);
  EXPECT_EQ(read(much.size() - read_in_all + 2).substr(much.size() - read_in_all), "xy");
}

TEST_F(TransportTest, bytes_of_an_asynchronous_write_count_as_unsent) {
  const std::string much(100'000, 'x');
  std::size_t written = 0;
  asio::async_write(transport, asio::buffer(much),
                    [&](boost::system::error_code, std::size_t length) { written = length; });
  while (written == 0) context.run_one();
  EXPECT_EQ(try_write_now("x", "y"), WriteOutcome::buffer_full);
  EXPECT_EQ(read(much.size()), much);
}

TEST_F(TransportTest, connection_that_was_reset_has_failed) {
  peer.set_option(asio::socket_base::linger(true, 0));
  peer.close();
  EXPECT_EQ(try_write_now("x", "y"), WriteOutcome::failed);
}

TEST_F(TransportTest, bytes_that_were_put_back_are_read_first) {
  asio::write(peer, asio::buffer(std::string_view{"and new"}));
  transport.put_back(asio::buffer(std::string_view{"put back "}));
  Transport moved = std::move(transport);
  std::string text;
  std::array<char, 4> piece{};
  const auto read_all = [&](std::size_t length) {
    while (text.size() < length) {
      bool is_used_up = false;
      moved.async_read_some(asio::buffer(piece), [&](boost::beast::error_code failed, std::size_t read) {
        EXPECT_FALSE(failed);
        text.append(piece.data(), read);
        is_used_up = true;
      });
      EXPECT_FALSE(is_used_up) << "the handler must not run inside the call";
      context.restart();
      while (!is_used_up) context.run_one();
    }
  };
  read_all(16);
  EXPECT_EQ(text, "put back and new");
}

}  // namespace
}  // namespace gensetd::server
