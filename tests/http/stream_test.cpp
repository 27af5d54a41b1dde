#include "http/stream.hpp"

#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

// Real connections over loopback.
namespace gensetd::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using Handed = Stream::Handed;

constexpr std::size_t unsent_max = 32'768;
constexpr std::size_t any_amount = 1'000'000'000;

class StreamTest : public testing::Test {
 protected:
  StreamTest() : stream(accepted()) {}

  tcp::socket accepted() {
    tcp::acceptor acceptor(context, {asio::ip::address_v4::loopback(), 0});
    peer.open(tcp::v4());
    peer.set_option(asio::socket_base::receive_buffer_size(4'096));
    peer.connect(acceptor.local_endpoint());
    return acceptor.accept();
  }

  Handed hand_over(std::string_view head, std::string_view rest, std::size_t unsent = unsent_max) {
    return stream.hand_over({asio::buffer(head.data(), head.size()), asio::buffer(rest.data(), rest.size())},
                            unsent);
  }

  std::string read(std::size_t length) {
    std::string text(length, '\0');
    asio::read(peer, asio::buffer(text));
    return text;
  }

  asio::io_context context;
  tcp::socket peer{context};
  Stream stream;
};

TEST_F(StreamTest, both_parts_are_there_at_once) {
  EXPECT_EQ(hand_over("head ", "and rest"), Handed::all);
  EXPECT_EQ(read(13), "head and rest");
}

TEST_F(StreamTest, what_waits_for_the_peer_is_bounded_and_what_it_took_counts_no_more) {
  const std::string kilobyte(1'000, 'x');
  std::size_t handed = 0;
  while (hand_over("", kilobyte) == Handed::all) handed += kilobyte.size();
  EXPECT_GE(handed, unsent_max - 2'000);
  EXPECT_LT(handed, 10 * unsent_max) << "the peer's buffer and what may wait";
  EXPECT_EQ(hand_over("", kilobyte), Handed::no_room);
  EXPECT_EQ(read(handed), std::string(handed, 'x')) << "no part of what was refused";
  // Its acknowledgement is under way.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{30};
  while (hand_over("the ", "end") != Handed::all) ASSERT_LT(std::chrono::steady_clock::now(), deadline);
  EXPECT_EQ(read(7), "the end");
}

TEST_F(StreamTest, nothing_is_handed_over_into_an_asynchronous_write) {
  const std::string much(4'000'000, 'x');
  std::size_t written = 0;
  asio::async_write(stream, asio::buffer(much),
                    [&](boost::system::error_code, std::size_t length) { written = length; });
  context.poll();
  ASSERT_EQ(written, 0U) << "it waits for the peer";
  EXPECT_EQ(hand_over("x", "y", any_amount), Handed::writer_busy);
  std::array<char, 65'536> taken{};
  std::size_t read_in_all = 0;
  while (written == 0) {
    read_in_all += peer.read_some(asio::buffer(taken));
    context.poll();
    ASSERT_LE(read_in_all, much.size());
    if (written == 0) {
      ASSERT_EQ(hand_over("x", "y", any_amount), Handed::writer_busy);
    }
  }
  EXPECT_EQ(written, much.size());
  EXPECT_EQ(hand_over("x", "y", any_amount), Handed::all);
  EXPECT_EQ(read(much.size() - read_in_all + 2).substr(much.size() - read_in_all), "xy");
}

TEST_F(StreamTest, asynchronous_write_counts_as_what_may_wait) {
  const std::string much(100'000, 'x');
  std::size_t written = 0;
  asio::async_write(stream, asio::buffer(much),
                    [&](boost::system::error_code, std::size_t length) { written = length; });
  while (written == 0) context.run_one();
  EXPECT_EQ(hand_over("x", "y"), Handed::no_room);
  EXPECT_EQ(read(much.size()), much);
}

TEST_F(StreamTest, connection_that_was_reset_has_failed) {
  peer.set_option(asio::socket_base::linger(true, 0));
  peer.close();
  EXPECT_EQ(hand_over("x", "y"), Handed::failed);
}

TEST_F(StreamTest, what_was_put_back_is_read_before_what_comes) {
  asio::write(peer, asio::buffer(std::string_view{"and new"}));
  stream.put_back(asio::buffer(std::string_view{"put back "}));
  Stream moved = std::move(stream);
  std::string text;
  std::array<char, 4> piece{};
  const auto read_all = [&](std::size_t length) {
    while (text.size() < length) {
      bool is_over = false;
      moved.async_read_some(asio::buffer(piece), [&](boost::beast::error_code failed, std::size_t read) {
        EXPECT_FALSE(failed);
        text.append(piece.data(), read);
        is_over = true;
      });
      EXPECT_FALSE(is_over) << "never inside the call";
      context.restart();
      while (!is_over) context.run_one();
    }
  };
  read_all(16);
  EXPECT_EQ(text, "put back and new");
}

}  // namespace
}  // namespace gensetd::http
