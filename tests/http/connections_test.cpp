#include "http/connections.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace gensetd::http {
namespace {

boost::asio::ip::address address(const char* text) { return boost::asio::ip::make_address(text); }

class ConnectionsTest : public testing::Test {
 protected:
  struct Nothing final : Connection {
    void finish() override {}
    void abort() override {}
    void check(std::chrono::steady_clock::time_point) override {}
  };
  struct Guest {
    Guest(Connections& all, const char* from, Purpose purpose)
        : place(all, connection, address(from), purpose) {}
    Nothing connection;
    Connections::Place place;
  };

  void come(const char* from, Purpose purpose = Purpose::requests) {
    guests.push_back(std::make_unique<Guest>(connections, from, purpose));
  }
  Room room(const char* from) const { return connections.room(address(from)); }

  boost::asio::io_context context;
  Connections connections{context, {.connections = 5, .connections_per_address = 2, .websockets = 1}};
  std::vector<std::unique_ptr<Guest>> guests;
};

TEST_F(ConnectionsTest, one_address_has_its_share_and_the_others_theirs) {
  come("10.0.0.5");
  EXPECT_EQ(room("10.0.0.5"), Room::free);
  come("10.0.0.5");
  EXPECT_EQ(room("10.0.0.5"), Room::full_for_address);
  EXPECT_EQ(room("::ffff:10.0.0.5"), Room::full_for_address) << "the same one on a socket for both families";
  EXPECT_EQ(room("10.0.0.6"), Room::free);
  guests.pop_back();
  EXPECT_EQ(room("10.0.0.5"), Room::free);
}

TEST_F(ConnectionsTest, all_addresses_of_a_machine_in_ipv6_count_as_one) {
  come("2001:db8::1");
  come("2001:db8::2");
  EXPECT_EQ(room("2001:db8::3"), Room::full_for_address);
  EXPECT_EQ(room("2001:db8:0:1::3"), Room::free);
}

TEST_F(ConnectionsTest, where_a_proxy_of_this_machine_comes_from_has_no_share_but_the_whole_has_an_end) {
  for (const char* from : {"127.0.0.1", "127.0.0.1", "::1", "::1", "::ffff:127.0.0.1"}) {
    EXPECT_EQ(room(from), Room::free);
    come(from);
  }
  EXPECT_EQ(room("127.0.0.1"), Room::full);
  EXPECT_EQ(room("10.0.0.5"), Room::full);
}

TEST_F(ConnectionsTest, other_addresses_of_loopback_have_their_share) {
  come("127.0.0.2");
  come("127.0.0.2");
  EXPECT_EQ(room("127.0.0.2"), Room::full_for_address);
  EXPECT_EQ(room("127.0.0.1"), Room::free);
}

TEST_F(ConnectionsTest, refusal_takes_the_place_of_nobody) {
  for (int count = 0; count < 10; ++count) come("10.0.0.5", Purpose::refusal);
  EXPECT_EQ(room("10.0.0.5"), Room::free);
  for (int count = 10; count < 32; ++count) come("10.0.0.5", Purpose::refusal);
  EXPECT_FALSE(connections.has_room_for_refusal()) << "whoever is refused cannot use memory without bound";
  guests.clear();
  EXPECT_TRUE(connections.has_room_for_refusal());
  EXPECT_TRUE(connections.empty());
}

TEST_F(ConnectionsTest, websockets_have_a_limit_of_their_own) {
  EXPECT_TRUE(connections.has_room_for_websocket());
  come("10.0.0.5", Purpose::websocket);
  EXPECT_FALSE(connections.has_room_for_websocket());
  EXPECT_EQ(room("10.0.0.5"), Room::free);
}

TEST_F(ConnectionsTest, no_more_are_held_than_the_process_can_have_open) {
  std::size_t possible = 10;
  Connections all{context, {.connections = 100}, [&possible] { return possible; }};
  std::vector<std::unique_ptr<Guest>> there;
  for (int served = 0; served < 6; ++served) {
    EXPECT_EQ(all.room(address("127.0.0.1")), Room::free);
    there.push_back(std::make_unique<Guest>(all, "127.0.0.1", Purpose::requests));
  }
  EXPECT_EQ(all.room(address("127.0.0.1")), Room::full);
  for (int refused = 0; refused < 4; ++refused) {
    EXPECT_TRUE(all.has_room_for_refusal());
    there.push_back(std::make_unique<Guest>(all, "127.0.0.1", Purpose::refusal));
  }
  EXPECT_FALSE(all.has_room_for_refusal());
  possible = 12;
  EXPECT_TRUE(all.has_room_for_refusal());
  EXPECT_EQ(all.room(address("127.0.0.1")), Room::free);
}

}  // namespace
}  // namespace gensetd::http
