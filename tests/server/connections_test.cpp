#include "server/connections.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace gensetd::server {
namespace {

boost::asio::ip::address address(const char* text) { return boost::asio::ip::make_address(text); }

class ConnectionsTest : public testing::Test {
 protected:
  struct NoConnection final : ClientConnection {
    void finish() override {}
    void abort() override {}
    void check(std::chrono::steady_clock::time_point) override {}
  };
  struct Client {
    Client(Connections& all, const char* from, ConnectionPurpose purpose)
        : registration(all, connection, address(from), purpose) {}
    NoConnection connection;
    Connections::Registration registration;
  };

  void connect(const char* from, ConnectionPurpose purpose = ConnectionPurpose::requests) {
    clients.push_back(std::make_unique<Client>(connections, from, purpose));
  }
  Admission admission(const char* from) const { return connections.admission(address(from)); }

  boost::asio::io_context context;
  Connections connections{context, {.connections = 5, .connections_per_address = 2, .websockets = 1}};
  std::vector<std::unique_ptr<Client>> clients;
};

TEST_F(ConnectionsTest, each_address_has_a_limit_of_its_own) {
  connect("10.0.0.5");
  EXPECT_EQ(admission("10.0.0.5"), Admission::accepted);
  connect("10.0.0.5");
  EXPECT_EQ(admission("10.0.0.5"), Admission::address_limit_reached);
  EXPECT_EQ(admission("::ffff:10.0.0.5"), Admission::address_limit_reached)
      << "the same address on a dual-stack socket";
  EXPECT_EQ(admission("10.0.0.6"), Admission::accepted);
  clients.pop_back();
  EXPECT_EQ(admission("10.0.0.5"), Admission::accepted);
}

TEST_F(ConnectionsTest, ipv6_addresses_of_one_network_count_as_one) {
  connect("2001:db8::1");
  connect("2001:db8::2");
  EXPECT_EQ(admission("2001:db8::3"), Admission::address_limit_reached);
  EXPECT_EQ(admission("2001:db8:0:1::3"), Admission::accepted);
}

TEST_F(ConnectionsTest, loopback_has_no_address_limit_but_the_total_limit_applies) {
  for (const char* from : {"127.0.0.1", "127.0.0.1", "::1", "::1", "::ffff:127.0.0.1"}) {
    EXPECT_EQ(admission(from), Admission::accepted);
    connect(from);
  }
  EXPECT_EQ(admission("127.0.0.1"), Admission::limit_reached);
  EXPECT_EQ(admission("10.0.0.5"), Admission::limit_reached);
}

TEST_F(ConnectionsTest, other_loopback_addresses_have_an_address_limit) {
  connect("127.0.0.2");
  connect("127.0.0.2");
  EXPECT_EQ(admission("127.0.0.2"), Admission::address_limit_reached);
  EXPECT_EQ(admission("127.0.0.1"), Admission::accepted);
}

TEST_F(ConnectionsTest, refusals_do_not_count_towards_the_limits) {
  for (int count = 0; count < 10; ++count) connect("10.0.0.5", ConnectionPurpose::refusal);
  EXPECT_EQ(admission("10.0.0.5"), Admission::accepted);
  for (int count = 10; count < 32; ++count) connect("10.0.0.5", ConnectionPurpose::refusal);
  EXPECT_FALSE(connections.has_capacity_for_refusal()) << "refused clients cannot use unbounded memory";
  clients.clear();
  EXPECT_TRUE(connections.has_capacity_for_refusal());
  EXPECT_TRUE(connections.empty());
}

TEST_F(ConnectionsTest, websockets_have_a_limit_of_their_own) {
  EXPECT_TRUE(connections.has_capacity_for_websocket());
  connect("10.0.0.5", ConnectionPurpose::websocket);
  EXPECT_FALSE(connections.has_capacity_for_websocket());
  EXPECT_EQ(admission("10.0.0.5"), Admission::accepted);
}

TEST_F(ConnectionsTest, connections_are_limited_to_those_that_the_process_can_have_open) {
  std::size_t possible = 10;
  Connections all{context, {.connections = 100}, [&possible] { return possible; }};
  std::vector<std::unique_ptr<Client>> open;
  for (int served = 0; served < 6; ++served) {
    EXPECT_EQ(all.admission(address("127.0.0.1")), Admission::accepted);
    open.push_back(std::make_unique<Client>(all, "127.0.0.1", ConnectionPurpose::requests));
  }
  EXPECT_EQ(all.admission(address("127.0.0.1")), Admission::limit_reached);
  for (int refused = 0; refused < 4; ++refused) {
    EXPECT_TRUE(all.has_capacity_for_refusal());
    open.push_back(std::make_unique<Client>(all, "127.0.0.1", ConnectionPurpose::refusal));
  }
  EXPECT_FALSE(all.has_capacity_for_refusal());
  possible = 12;
  EXPECT_TRUE(all.has_capacity_for_refusal());
  EXPECT_EQ(all.admission(address("127.0.0.1")), Admission::accepted);
}

}  // namespace
}  // namespace gensetd::server
