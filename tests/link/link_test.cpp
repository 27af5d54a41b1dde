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

// What a requester heard, with the registers kept.
struct Heard {
  boost::system::error_code error;
  std::uint8_t exception;
  Bytes registers;
};

class Asker : public Requester {
 public:
  void finished(const Outcome& outcome) override {
    heard.push_back({outcome.error, outcome.exception, {outcome.registers.begin(), outcome.registers.end()}});
    if (then) then();
  }
  std::vector<Heard> heard;
  std::function<void()> then;
};

// A controller whose every byte the test writes itself.
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

  void wait_for(const Asker& asker, std::size_t count) {
    run_until([&] { return asker.heard.size() >= count; });
  }

  asio::io_context context{1};
  tcp::acceptor acceptor;
  std::vector<tcp::socket> peers;
};

Transaction over_tcp(ReadRequest request, milliseconds timeout = patient) {
  return {.request = request, .protocol = Protocol::tcp, .timeout = timeout};
}

Transaction over_rtu(ReadRequest request, milliseconds timeout = patient) {
  return {.request = request, .protocol = Protocol::rtu_over_tcp, .timeout = timeout};
}

// The answer to a request frame of Modbus TCP with these data bytes.
Bytes tcp_answer(const Bytes& request, const Bytes& data) {
  const auto size = static_cast<std::uint8_t>(data.size());
  Bytes frame{request[0], request[1], 0, 0, 0, static_cast<std::uint8_t>(size + 3), request[6], 3, size};
  frame.insert(frame.end(), data.begin(), data.end());
  return frame;
}

TEST_F(LinkTest, asks_and_hears_the_registers) {
  Link link(context, "127.0.0.1", port());
  Asker asker;
  link.submit(asker, over_tcp({.unit_id = 5, .first = 0x0102, .count = 2}));
  const Bytes asked = request(0, 12);
  EXPECT_EQ(Bytes(asked.begin() + 2, asked.end()), (Bytes{0, 0, 0, 6, 5, 3, 1, 2, 0, 2}));
  send(0, tcp_answer(asked, {1, 2, 3, 4}));
  wait_for(asker, 1);
  EXPECT_FALSE(asker.heard[0].error);
  EXPECT_EQ(asker.heard[0].registers, (Bytes{1, 2, 3, 4}));
}

TEST_F(LinkTest, answer_in_single_bytes_is_put_together) {
  Link link(context, "localhost", port());
  Asker asker;
  link.submit(asker, over_rtu({.unit_id = 1, .first = 40, .count = 3}));
  EXPECT_EQ(request(0, 8), with_crc({1, 3, 0, 40, 0, 3}));
  for (const std::uint8_t byte : rtu_answer(1, {0, 9, 0, 8, 0, 7})) {
    send(0, {byte});
    context.poll();
  }
  EXPECT_EQ(request(0, 8), with_crc({1, 3, 0, 40, 0, 2}));  // what is read for the first time is confirmed
  send(0, rtu_answer(1, {0, 9, 0, 8}));
  wait_for(asker, 1);
  EXPECT_EQ(asker.heard[0].registers, (Bytes{0, 9, 0, 8, 0, 7}));
}

TEST_F(LinkTest, exception_is_an_answer_and_the_connection_stays) {
  Link link(context, "127.0.0.1", port());
  Asker asker;
  link.submit(asker, over_rtu({.count = 1}));
  for (int time = 0; time < 2; ++time) {  // an exception is believed at the second time
    request(0, 8);
    send(0, with_crc({1, 0x83, 2}));
  }
  wait_for(asker, 1);
  EXPECT_EQ(asker.heard[0].error, modbus::Error::exception_answer);
  EXPECT_EQ(asker.heard[0].exception, 2);
  link.submit(asker, over_rtu({.count = 1}));
  request(0, 8);
  EXPECT_EQ(link.conversation().line().connects, 1U);
}

TEST_F(LinkTest, broken_crc_is_told_when_nothing_better_comes) {
  Link link(context, "127.0.0.1", port());
  Asker asker;
  link.submit(asker, over_rtu({.count = 1}, brief));
  request(0, 8);
  send(0, {1, 3, 2, 0, 7, 0, 0});
  wait_for(asker, 1);
  EXPECT_EQ(asker.heard[0].error, modbus::Error::broken_answer);
}

TEST_F(LinkTest, answer_of_the_other_protocol_is_recognised) {
  Link link(context, "127.0.0.1", port());
  Asker asker;
  link.submit(asker, over_rtu({.count = 1}, brief));
  request(0, 8);
  send(0, {0, 1, 0, 0, 0, 5, 1, 3, 2, 0, 7});
  wait_for(asker, 1);
  EXPECT_EQ(asker.heard[0].error, modbus::Error::wrong_protocol);
}

TEST_F(LinkTest, refused_connection_fails_all_who_wait) {
  const std::uint16_t dead = port();
  acceptor.close();
  Link link(context, "127.0.0.1", dead);
  Asker one;
  Asker two;
  link.submit(one, over_tcp({}));
  link.submit(two, over_tcp({}));
  wait_for(one, 1);
  wait_for(two, 1);
  EXPECT_EQ(one.heard[0].error, Error::connect_failed);
  EXPECT_EQ(two.heard[0].error, Error::connect_failed);
}

TEST_F(LinkTest, name_without_address_is_told) {
  Link link(context, "no-such-host.invalid", 502);
  Asker asker;
  link.submit(asker, over_tcp({}));
  wait_for(asker, 1);
  EXPECT_EQ(asker.heard[0].error, Error::name_not_found);
}

TEST_F(LinkTest, connection_closed_while_idle_is_opened_again_without_a_failure) {
  Link link(context, "127.0.0.1", port());
  Asker asker;
  link.submit(asker, over_tcp({.count = 1}));
  send(0, tcp_answer(request(0, 12), {0, 1}));
  wait_for(asker, 1);
  peers[0].close();
  link.submit(asker, over_tcp({.count = 1}));
  send(1, tcp_answer(request(1, 12), {0, 2}));
  wait_for(asker, 2);
  EXPECT_FALSE(asker.heard[1].error);
  EXPECT_EQ(asker.heard[1].registers, (Bytes{0, 2}));
}

TEST_F(LinkTest, connection_closed_instead_of_an_answer_is_lost) {
  Link link(context, "127.0.0.1", port());
  Asker asker;
  link.submit(asker, over_tcp({.count = 1}));
  request(0, 12);
  peers[0].close();
  wait_for(asker, 1);
  EXPECT_EQ(asker.heard[0].error, Error::connection_lost);
}

// It ends between the answer and the request that follows on it.
TEST_F(LinkTest, request_that_cannot_be_sent_is_made_again_on_a_new_connection) {
  Link link(context, "127.0.0.1", port());
  Asker asker;
  link.submit(asker, over_tcp({.unit_id = 1, .first = 0, .count = 1}));
  const Bytes first = request(0, 12);
  asker.then = [&] {
    if (asker.heard.size() > 1) return;
    peers[0].set_option(asio::socket_base::linger(true, 0));
    peers[0].close();
    link.submit(asker, over_tcp({.unit_id = 1, .first = 7, .count = 1}));
  };
  send(0, tcp_answer(first, {0, 1}));
  const Bytes second = request(1, 12);
  EXPECT_EQ(second[9], 7);
  send(1, tcp_answer(second, {0, 2}));
  wait_for(asker, 2);
  EXPECT_FALSE(asker.heard[1].error) << asker.heard[1].error.message();
}

TEST_F(LinkTest, silent_connection_is_opened_anew_after_two_requests) {
  Link link(context, "127.0.0.1", port());
  Asker asker;
  link.submit(asker, over_tcp({.count = 1}));
  send(0, tcp_answer(request(0, 12), {0, 1}));
  wait_for(asker, 1);
  for (std::size_t count = 2; count <= 4; ++count) {
    link.submit(asker, over_tcp({.count = 1}, brief));
    wait_for(asker, count);
    EXPECT_EQ(asker.heard.back().error, Error::no_answer);
  }
  EXPECT_EQ(link.conversation().line().connects, 2U);
}

// The thread was held up after the first bytes; the others came in time, but behind what made it wake.
TEST_F(LinkTest, what_has_arrived_is_heard_before_silence_is_found) {
  Link link(context, "127.0.0.1", port());
  Asker asker;
  link.submit(asker, over_rtu({.unit_id = 1, .first = 40, .count = 3}));
  request(0, 8);
  const Bytes answer = rtu_answer(1, {0, 9, 0, 8, 0, 7});
  send(0, Bytes(answer.begin(), answer.begin() + 5));
  context.poll();
  const auto heard_part = std::chrono::steady_clock::now();
  asio::steady_timer held_up(context, heard_part);  // due before the silence, so its turn comes first
  held_up.async_wait([&](boost::system::error_code) { send(0, Bytes(answer.begin() + 5, answer.end())); });
  while (std::chrono::steady_clock::now() < heard_part + milliseconds{200}) {
  }
  EXPECT_EQ(request(0, 8), with_crc({1, 3, 0, 40, 0, 2}));  // of what is read for the first time
  EXPECT_EQ(link.conversation().line().garbage_bytes, 0U);
}

TEST_F(LinkTest, takes_turns_by_requester_and_has_one_request_on_the_line) {
  Link link(context, "127.0.0.1", port());
  Asker busy;
  Asker other;
  busy.then = [&] {
    if (busy.heard.size() < 3) link.submit(busy, over_tcp({.unit_id = 1, .count = 1}));
  };
  other.then = [&] {
    if (other.heard.size() < 3) link.submit(other, over_tcp({.unit_id = 1, .first = 9, .count = 1}));
  };
  link.submit(busy, over_tcp({.unit_id = 1, .count = 1}));
  link.submit(other, over_tcp({.unit_id = 1, .first = 9, .count = 1}));
  Bytes registers;
  for (int turn = 0; turn < 6; ++turn) {
    const Bytes asked = request(0, 12);
    context.poll();
    EXPECT_EQ(peers[0].available(), 0U) << "a second request before the answer";
    registers.push_back(asked[9]);
    send(0, tcp_answer(asked, {0, 1}));
  }
  EXPECT_EQ(registers, (Bytes{0, 9, 0, 9, 0, 9}));
}

TEST_F(LinkTest, withdrawn_requester_hears_nothing_and_the_next_is_served) {
  Link link(context, "127.0.0.1", port());
  Asker gone;
  Asker stays;
  link.submit(gone, over_tcp({.count = 1}));
  const Bytes asked = request(0, 12);
  link.submit(stays, over_tcp({.first = 7, .count = 1}));
  link.withdraw(gone);
  send(0, tcp_answer(asked, {0, 1}));
  send(0, tcp_answer(request(0, 12), {0, 2}));
  wait_for(stays, 1);
  EXPECT_EQ(stays.heard[0].registers, (Bytes{0, 2}));
  EXPECT_TRUE(gone.heard.empty());
}

TEST_F(LinkTest, babbling_peer_costs_no_more_than_the_deadline) {
  Link link(context, "127.0.0.1", port());
  Asker asker;
  link.submit(asker, over_rtu({.count = 1}, brief));
  request(0, 8);
  run_until([&] {
    send(0, Bytes(16, 0x55));
    context.poll();
    return !asker.heard.empty();
  });
  EXPECT_EQ(asker.heard[0].error, modbus::Error::broken_answer);
}

TEST_F(LinkTest, destroyed_in_the_middle_ends_everything) {
  Asker asker;
  {
    Link link(context, "127.0.0.1", port());
    link.submit(asker, over_tcp({.count = 1}));
    request(0, 12);
  }
  acceptor.close();
  run_until([&] { return context.poll() == 0; });
  EXPECT_TRUE(asker.heard.empty());
}

TEST_F(LinkTest, refused_address_is_not_connected_to_also_behind_a_name) {
  Pool pool(context, {.loopback = false, .special = false});
  for (const char* host : {"127.0.0.1", "localhost"}) {
    Asker asker;
    const auto link = pool.get(host, port());
    link->submit(asker, over_tcp({.count = 1}));
    run_until([&] { return !asker.heard.empty(); });
    EXPECT_EQ(asker.heard[0].error, Error::loopback_not_allowed) << host;
  }
  acceptor.close();  // what was accepted is told first
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
  Asker asker;
  auto link = pool->get("127.0.0.1", port());
  link->submit(asker, over_tcp({.count = 1}));
  run_until([&] { return !peers.empty(); });
  EXPECT_EQ(pool->all().size(), 1U);
  link->withdraw(asker);
  link.reset();
  EXPECT_TRUE(pool->all().empty());
  EXPECT_EQ(pool->totals(std::chrono::steady_clock::now()).lines.connects, 1U);
  const auto survivor = pool->get("127.0.0.1", port());
  pool.reset();
}

TEST_F(LinkTest, a_requester_that_throws_costs_its_connection_and_nothing_else) {
  Link link(context, "127.0.0.1", port());
  Asker careless;
  careless.then = [] { throw std::runtime_error("careless"); };
  link.submit(careless, over_tcp({.count = 1}));
  send(0, tcp_answer(request(0, 12), {1, 2}));
  wait_for(careless, 1);
  Asker other;
  link.submit(other, over_tcp({.count = 1}));
  send(1, tcp_answer(request(1, 12), {3, 4}));
  wait_for(other, 1);
  EXPECT_EQ(other.heard[0].registers, (Bytes{3, 4}));
}

TEST_F(LinkTest, what_waits_behind_a_requester_that_throws_is_told_too) {
  Link link(context, "127.0.0.1", port());
  Asker careless;
  Asker other;
  careless.then = [] { throw std::runtime_error("careless"); };
  link.submit(careless, over_tcp({.count = 1}));
  link.submit(other, over_tcp({.count = 1}));
  send(0, tcp_answer(request(0, 12), {1, 2}));
  send(1, tcp_answer(request(1, 12), {3, 4}));
  wait_for(other, 1);
  EXPECT_EQ(other.heard[0].registers, (Bytes{3, 4}));
}

TEST_F(LinkTest, without_a_descriptor_there_is_no_connection_until_another_one_ends) {
  const auto budget = std::make_shared<DescriptorBudget>(1);
  Pool pool(context, AddressPolicy{.loopback = true, .special = false}, budget);
  tcp::acceptor elsewhere(context, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
  auto first = pool.get("127.0.0.1", port());
  const auto second = pool.get("127.0.0.1", elsewhere.local_endpoint().port());
  EXPECT_EQ(budget->wanted(), 2U);
  Asker holder;
  first->submit(holder, over_tcp({.count = 1}));
  request(0, 12);
  EXPECT_EQ(budget->used(), 1U);

  Asker refused;
  second->submit(refused, over_tcp({.count = 1}));
  wait_for(refused, 1);
  EXPECT_EQ(refused.heard[0].error, Error::no_descriptor);
  EXPECT_EQ(budget->waiting(), 1U);

  first->withdraw(holder);
  first.reset();
  EXPECT_EQ(budget->used(), 0U);
  Asker served;
  second->submit(served, over_tcp({.count = 1}, brief));
  wait_for(served, 1);
  EXPECT_EQ(served.heard[0].error, Error::no_answer);
  EXPECT_EQ(budget->waiting(), 0U);
}

}  // namespace
}  // namespace gensetd::link
