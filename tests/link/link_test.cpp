#include "link/link.hpp"

#include "link/error.hpp"
#include "modbus/error.hpp"
#include "script.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <stdexcept>
#include <vector>

namespace gensetd::link {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using modbus::Protocol;
using modbus::ReadRequest;
using std::chrono::milliseconds;
constexpr milliseconds patient{90'000};  // a timeout longer than any test waits for anything
constexpr milliseconds brief{60};        // a timeout that the test waits for

// A reported outcome, with a copy of the registers.
struct ReceivedOutcome {
  boost::system::error_code error;
  std::uint8_t exception;
  Bytes registers;
};

class TestHandler : public TransactionHandler {
 public:
  void finished(const Outcome& outcome) override {
    outcomes.push_back(
        {outcome.error, outcome.exception, {outcome.registers.begin(), outcome.registers.end()}});
    if (then) then();
  }
  std::vector<ReceivedOutcome> outcomes;
  std::function<void()> then;
};

// A controller whose bytes are written by the test.
class LinkTest : public testing::Test {
 protected:
  LinkTest() : acceptor(context, tcp::endpoint(asio::ip::address_v4::loopback(), 0)) { accept(); }

  void accept() {
    acceptor.async_accept([this](boost::system::error_code failed, tcp::socket accepted) {
      if (failed) return;
      peers.push_back(std::move(accepted));
      accept();
    });
  }

  std::uint16_t port() const { return acceptor.local_endpoint().port(); }

  // Runs until `done`; fails the test when that takes absurdly long.
  void run_until(const std::function<bool()>& done) {
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds{30};
    while (!done()) {
      ASSERT_LT(std::chrono::steady_clock::now(), limit) << "did not finish";
      context.run_one_for(std::chrono::milliseconds{200});
    }
  }

  // The next `length` bytes that the link sent on connection `index`.
  Bytes request(std::size_t index, std::size_t length) {
    run_until([&] { return peers.size() > index; });
    Bytes bytes(length);
    bool done = false;
    boost::system::error_code failed;
    asio::async_read(peers[index], asio::buffer(bytes), [&](boost::system::error_code error, std::size_t) {
      failed = error;
      done = true;
    });
    run_until([&] { return done; });
    EXPECT_FALSE(failed) << failed.message();
    return bytes;
  }

  void send(std::size_t index, const Bytes& bytes) { asio::write(peers[index], asio::buffer(bytes)); }

  void wait_for(const TestHandler& handler, std::size_t count) {
    run_until([&] { return handler.outcomes.size() >= count; });
  }

  asio::io_context context{1};
  tcp::acceptor acceptor;
  std::vector<tcp::socket> peers;
};

Transaction over_tcp(ReadRequest request, milliseconds timeout = patient) {
  request.function = modbus::Function::holding_registers;
  return {.request = request, .protocol = Protocol::tcp, .timeout = timeout};
}

Transaction over_rtu(ReadRequest request, milliseconds timeout = patient) {
  request.function = modbus::Function::holding_registers;
  return {.request = request, .protocol = Protocol::rtu_over_tcp, .timeout = timeout};
}

// The response to a Modbus TCP request with these data bytes.
Bytes tcp_response(const Bytes& request, const Bytes& data) {
  const auto size = static_cast<std::uint8_t>(data.size());
  Bytes frame{request[0], request[1], 0, 0, 0, static_cast<std::uint8_t>(size + 3), request[6], 3, size};
  frame.insert(frame.end(), data.begin(), data.end());
  return frame;
}

TEST_F(LinkTest, registers_are_requested_and_reported) {
  Link link(context, "127.0.0.1", port());
  TestHandler handler;
  link.submit(
      handler,
      over_tcp({.unit_id = 5, .function = modbus::Function::holding_registers, .first = 0x0102, .count = 2}));
  const Bytes request_bytes = request(0, 12);
  EXPECT_EQ(Bytes(request_bytes.begin() + 2, request_bytes.end()), (Bytes{0, 0, 0, 6, 5, 3, 1, 2, 0, 2}));
  send(0, tcp_response(request_bytes, {1, 2, 3, 4}));
  wait_for(handler, 1);
  EXPECT_FALSE(handler.outcomes[0].error);
  EXPECT_EQ(handler.outcomes[0].registers, (Bytes{1, 2, 3, 4}));
}

TEST_F(LinkTest, response_in_single_bytes_is_assembled) {
  Link link(context, "localhost", port());
  TestHandler handler;
  link.submit(
      handler,
      over_rtu({.unit_id = 1, .function = modbus::Function::holding_registers, .first = 40, .count = 3}));
  EXPECT_EQ(request(0, 8), with_crc({1, 3, 0, 40, 0, 3}));
  for (const std::uint8_t byte : rtu_response(1, {0, 9, 0, 8, 0, 7})) {
    send(0, {byte});
    context.poll();
  }
  EXPECT_EQ(request(0, 8),
            with_crc({1, 3, 0, 40, 0, 2}));  // registers that are read for the first time are confirmed
  send(0, rtu_response(1, {0, 9, 0, 8}));
  wait_for(handler, 1);
  EXPECT_EQ(handler.outcomes[0].registers, (Bytes{0, 9, 0, 8, 0, 7}));
}

TEST_F(LinkTest, exception_ends_the_request_and_the_connection_stays) {
  Link link(context, "127.0.0.1", port());
  TestHandler handler;
  link.submit(handler, over_rtu({.count = 1}));
  for (int time = 0; time < 2; ++time) {  // an exception is accepted the second time
    request(0, 8);
    send(0, with_crc({1, 0x83, 2}));
  }
  wait_for(handler, 1);
  EXPECT_EQ(handler.outcomes[0].error, modbus::ResponseError::exception_response);
  EXPECT_EQ(handler.outcomes[0].exception, 2);
  link.submit(handler, over_rtu({.count = 1}));
  request(0, 8);
  EXPECT_EQ(link.conversation().line().connects, 1U);
}

TEST_F(LinkTest, wrong_crc_is_reported_when_no_valid_response_arrives) {
  Link link(context, "127.0.0.1", port());
  TestHandler handler;
  link.submit(handler, over_rtu({.count = 1}, brief));
  request(0, 8);
  send(0, {1, 3, 2, 0, 7, 0, 0});
  wait_for(handler, 1);
  EXPECT_EQ(handler.outcomes[0].error, modbus::ResponseError::damaged_response);
}

TEST_F(LinkTest, response_of_the_other_protocol_is_recognised) {
  Link link(context, "127.0.0.1", port());
  TestHandler handler;
  link.submit(handler, over_rtu({.count = 1}, brief));
  request(0, 8);
  send(0, {0, 1, 0, 0, 0, 5, 1, 3, 2, 0, 7});
  wait_for(handler, 1);
  EXPECT_EQ(handler.outcomes[0].error, modbus::ResponseError::wrong_protocol);
}

TEST_F(LinkTest, refused_connection_fails_all_queued_transactions) {
  const std::uint16_t dead = port();
  acceptor.close();
  Link link(context, "127.0.0.1", dead);
  TestHandler one;
  TestHandler two;
  link.submit(one, over_tcp({}));
  link.submit(two, over_tcp({}));
  wait_for(one, 1);
  wait_for(two, 1);
  EXPECT_EQ(one.outcomes[0].error, Error::connect_failed);
  EXPECT_EQ(two.outcomes[0].error, Error::connect_failed);
}

TEST_F(LinkTest, name_without_address_is_reported) {
  Link link(context, "no-such-host.invalid", 502);
  TestHandler handler;
  link.submit(handler, over_tcp({}));
  wait_for(handler, 1);
  EXPECT_EQ(handler.outcomes[0].error, Error::name_not_found);
}

TEST_F(LinkTest, connection_closed_while_idle_is_opened_again_without_a_failure) {
  Link link(context, "127.0.0.1", port());
  TestHandler handler;
  link.submit(handler, over_tcp({.count = 1}));
  send(0, tcp_response(request(0, 12), {0, 1}));
  wait_for(handler, 1);
  peers[0].close();
  link.submit(handler, over_tcp({.count = 1}));
  send(1, tcp_response(request(1, 12), {0, 2}));
  wait_for(handler, 2);
  EXPECT_FALSE(handler.outcomes[1].error);
  EXPECT_EQ(handler.outcomes[1].registers, (Bytes{0, 2}));
}

TEST_F(LinkTest, connection_closed_instead_of_a_response_is_lost) {
  Link link(context, "127.0.0.1", port());
  TestHandler handler;
  link.submit(handler, over_tcp({.count = 1}));
  request(0, 12);
  peers[0].close();
  wait_for(handler, 1);
  EXPECT_EQ(handler.outcomes[0].error, Error::connection_lost);
}

// The connection ends between the response and the request that follows.
TEST_F(LinkTest, request_that_cannot_be_sent_is_repeated_on_a_new_connection) {
  Link link(context, "127.0.0.1", port());
  TestHandler handler;
  link.submit(
      handler,
      over_tcp({.unit_id = 1, .function = modbus::Function::holding_registers, .first = 0, .count = 1}));
  const Bytes first = request(0, 12);
  handler.then = [&] {
    if (handler.outcomes.size() > 1) return;
    peers[0].set_option(asio::socket_base::linger(true, 0));
    peers[0].close();
    link.submit(
        handler,
        over_tcp({.unit_id = 1, .function = modbus::Function::holding_registers, .first = 7, .count = 1}));
  };
  send(0, tcp_response(first, {0, 1}));
  const Bytes second = request(1, 12);
  EXPECT_EQ(second[9], 7);
  send(1, tcp_response(second, {0, 2}));
  wait_for(handler, 2);
  EXPECT_FALSE(handler.outcomes[1].error) << handler.outcomes[1].error.message();
}

TEST_F(LinkTest, silent_connection_is_reopened_after_two_requests) {
  Link link(context, "127.0.0.1", port());
  TestHandler handler;
  link.submit(handler, over_tcp({.count = 1}));
  send(0, tcp_response(request(0, 12), {0, 1}));
  wait_for(handler, 1);
  for (std::size_t count = 2; count <= 4; ++count) {
    link.submit(handler, over_tcp({.count = 1}, brief));
    wait_for(handler, count);
    EXPECT_EQ(handler.outcomes.back().error, Error::no_response);
  }
  EXPECT_EQ(link.conversation().line().connects, 2U);
}

// The thread was delayed after the first bytes. The others arrived in time, but after the event that woke the
// thread.
TEST_F(LinkTest, available_bytes_are_read_before_silence_is_decided) {
  Link link(context, "127.0.0.1", port());
  TestHandler handler;
  link.submit(
      handler,
      over_rtu({.unit_id = 1, .function = modbus::Function::holding_registers, .first = 40, .count = 3}));
  request(0, 8);
  const Bytes response = rtu_response(1, {0, 9, 0, 8, 0, 7});
  send(0, Bytes(response.begin(), response.begin() + 5));
  context.poll();
  const auto part_received = std::chrono::steady_clock::now();
  asio::steady_timer held_up(context, part_received);  // due before the silence, so its turn comes first
  held_up.async_wait(
      [&](boost::system::error_code) { send(0, Bytes(response.begin() + 5, response.end())); });
  while (std::chrono::steady_clock::now() < part_received + milliseconds{200}) {
  }
  EXPECT_EQ(request(0, 8), with_crc({1, 3, 0, 40, 0, 2}));  // the confirmation of a first read
  EXPECT_EQ(link.conversation().line().garbage_bytes, 0U);
}

TEST_F(LinkTest, handlers_take_turns_with_one_pending_request) {
  Link link(context, "127.0.0.1", port());
  TestHandler busy;
  TestHandler other;
  busy.then = [&] {
    if (busy.outcomes.size() < 3) link.submit(busy, over_tcp({.unit_id = 1, .count = 1}));
  };
  other.then = [&] {
    if (other.outcomes.size() < 3)
      link.submit(
          other,
          over_tcp({.unit_id = 1, .function = modbus::Function::holding_registers, .first = 9, .count = 1}));
  };
  link.submit(busy, over_tcp({.unit_id = 1, .count = 1}));
  link.submit(
      other,
      over_tcp({.unit_id = 1, .function = modbus::Function::holding_registers, .first = 9, .count = 1}));
  Bytes registers;
  for (int turn = 0; turn < 6; ++turn) {
    const Bytes request_bytes = request(0, 12);
    context.poll();
    EXPECT_EQ(peers[0].available(), 0U) << "a second request before the response";
    registers.push_back(request_bytes[9]);
    send(0, tcp_response(request_bytes, {0, 1}));
  }
  EXPECT_EQ(registers, (Bytes{0, 9, 0, 9, 0, 9}));
}

TEST_F(LinkTest, withdrawn_handler_is_not_called_and_the_next_is_served) {
  Link link(context, "127.0.0.1", port());
  TestHandler gone;
  TestHandler stays;
  link.submit(gone, over_tcp({.count = 1}));
  const Bytes request_bytes = request(0, 12);
  link.submit(stays, over_tcp({.function = modbus::Function::holding_registers, .first = 7, .count = 1}));
  link.withdraw(gone);
  send(0, tcp_response(request_bytes, {0, 1}));
  send(0, tcp_response(request(0, 12), {0, 2}));
  wait_for(stays, 1);
  EXPECT_EQ(stays.outcomes[0].registers, (Bytes{0, 2}));
  EXPECT_TRUE(gone.outcomes.empty());
}

TEST_F(LinkTest, peer_that_sends_noise_costs_one_timeout_at_most) {
  Link link(context, "127.0.0.1", port());
  TestHandler handler;
  link.submit(handler, over_rtu({.count = 1}, brief));
  request(0, 8);
  run_until([&] {
    send(0, Bytes(16, 0x55));
    context.poll();
    return !handler.outcomes.empty();
  });
  EXPECT_EQ(handler.outcomes[0].error, modbus::ResponseError::damaged_response);
}

TEST_F(LinkTest, destroyed_link_ends_everything) {
  TestHandler handler;
  {
    Link link(context, "127.0.0.1", port());
    link.submit(handler, over_tcp({.count = 1}));
    request(0, 12);
  }
  acceptor.close();
  run_until([&] { return context.poll() == 0; });
  EXPECT_TRUE(handler.outcomes.empty());
}

TEST_F(LinkTest, refused_address_is_not_connected_to_even_through_a_name) {
  Pool pool(context, {.loopback = false, .special = false});
  for (const char* host : {"127.0.0.1", "localhost"}) {
    TestHandler handler;
    const auto link = pool.get(host, port());
    link->submit(handler, over_tcp({.count = 1}));
    run_until([&] { return !handler.outcomes.empty(); });
    EXPECT_EQ(handler.outcomes[0].error, Error::loopback_not_allowed) << host;
  }
  acceptor.close();  // completions of accepted connections come first
  run_until([&] { return context.poll() == 0; });
  EXPECT_TRUE(peers.empty());
}

TEST_F(LinkTest, pool_gives_one_link_for_one_address) {
  Pool pool(context);
  const auto first = pool.get("127.0.0.1", 502);
  EXPECT_EQ(pool.get("127.0.0.1", 502), first);
  EXPECT_NE(pool.get("127.0.0.1", 503), first);
  EXPECT_NE(pool.get("127.0.0.2", 502), first);
}

TEST_F(LinkTest, pool_forgets_a_link_with_its_last_holder_but_not_its_counts) {
  auto pool = std::make_unique<Pool>(context, AddressPolicy{.loopback = true, .special = false});
  TestHandler handler;
  auto link = pool->get("127.0.0.1", port());
  link->submit(handler, over_tcp({.count = 1}));
  run_until([&] { return !peers.empty(); });
  EXPECT_EQ(pool->all().size(), 1U);
  link->withdraw(handler);
  link.reset();
  EXPECT_TRUE(pool->all().empty());
  EXPECT_EQ(pool->totals(std::chrono::steady_clock::now()).lines.connects, 1U);
  const auto survivor = pool->get("127.0.0.1", port());
  pool.reset();
}

TEST_F(LinkTest, handler_that_throws_costs_its_connection_and_nothing_else) {
  Link link(context, "127.0.0.1", port());
  TestHandler careless;
  careless.then = [] { throw std::runtime_error("careless"); };
  link.submit(careless, over_tcp({.count = 1}));
  send(0, tcp_response(request(0, 12), {1, 2}));
  wait_for(careless, 1);
  TestHandler other;
  link.submit(other, over_tcp({.count = 1}));
  send(1, tcp_response(request(1, 12), {3, 4}));
  wait_for(other, 1);
  EXPECT_EQ(other.outcomes[0].registers, (Bytes{3, 4}));
}

TEST_F(LinkTest, transaction_queued_behind_a_handler_that_throws_is_reported_too) {
  Link link(context, "127.0.0.1", port());
  TestHandler careless;
  TestHandler other;
  careless.then = [] { throw std::runtime_error("careless"); };
  link.submit(careless, over_tcp({.count = 1}));
  link.submit(other, over_tcp({.count = 1}));
  send(0, tcp_response(request(0, 12), {1, 2}));
  send(1, tcp_response(request(1, 12), {3, 4}));
  wait_for(other, 1);
  EXPECT_EQ(other.outcomes[0].registers, (Bytes{3, 4}));
}

TEST_F(LinkTest, without_a_descriptor_there_is_no_connection_until_another_one_ends) {
  const auto budget = std::make_shared<DescriptorBudget>(1);
  Pool pool(context, AddressPolicy{.loopback = true, .special = false}, budget);
  tcp::acceptor elsewhere(context, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
  auto first = pool.get("127.0.0.1", port());
  const auto second = pool.get("127.0.0.1", elsewhere.local_endpoint().port());
  EXPECT_EQ(budget->wanted(), 2U);
  TestHandler holder;
  first->submit(holder, over_tcp({.count = 1}));
  request(0, 12);
  EXPECT_EQ(budget->used(), 1U);

  TestHandler refused;
  second->submit(refused, over_tcp({.count = 1}));
  wait_for(refused, 1);
  EXPECT_EQ(refused.outcomes[0].error, Error::no_descriptor);
  EXPECT_EQ(budget->waiting(), 1U);

  first->withdraw(holder);
  first.reset();
  EXPECT_EQ(budget->used(), 0U);
  TestHandler served;
  second->submit(served, over_tcp({.count = 1}, brief));
  wait_for(served, 1);
  EXPECT_EQ(served.outcomes[0].error, Error::no_response);
  EXPECT_EQ(budget->waiting(), 0U);
}

}  // namespace
}  // namespace gensetd::link
