#include "redis/connection.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace gensetd::redis {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::size_t more_than_buffers_hold = 32'000'000;

// Has much to say once, and waits for the reply.
class Talkative final : public Dialogue {
 public:
  void opened() override { is_open = true; }
  void closed() override {}
  void append_commands(std::string& outgoing) override {
    if (std::exchange(is_said_, true)) return;
    outgoing.append(more_than_buffers_hold, 'x');
  }
  void append_ping(std::string&) override {}
  bool awaits_reply() const override { return is_said_; }
  RedisFailure handle_reply(RedisReply&) override { return {}; }

  bool is_open = false;

 private:
  bool is_said_ = false;
};

TEST(RedisConnection, discards_unsent_bytes_when_it_is_abandoned) {
  asio::io_context context{1};
  tcp::acceptor acceptor(context, {asio::ip::address_v4::loopback(), 0});
  const RedisAddress address{
      .host = "127.0.0.1", .port = acceptor.local_endpoint().port(), .user = {}, .password = {}};
  RedisConnection connection(context, address, "test");
  Talkative dialogue;
  std::optional<RedisFailure> end;
  asio::co_spawn(context, connection.run(dialogue), [&](std::exception_ptr, RedisFailure why) { end = why; });
  tcp::socket server(context);
  acceptor.async_accept(server, [&](error_code failed) {
    ASSERT_FALSE(failed);
    asio::write(server, asio::buffer(std::string{"+OK\r\n+PONG\r\n"}));  // to CLIENT SETNAME and PING
  });
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{30};
  while (!end && std::chrono::steady_clock::now() < deadline)
    context.run_one_for(std::chrono::milliseconds{50});
  ASSERT_TRUE(dialogue.is_open);
  ASSERT_TRUE(end.has_value());
  EXPECT_EQ(end->reason, "no response within 2 s");

  std::vector<char> received(65'536);
  std::size_t received_bytes = 0;
  error_code over;
  while (!over) received_bytes += server.read_some(asio::buffer(received), over);
  EXPECT_EQ(over, asio::error::connection_reset) << over.message();
  EXPECT_LT(received_bytes, more_than_buffers_hold);
}

}  // namespace
}  // namespace gensetd::redis
