#include "modbus/big_endian.hpp"
#include "simulator/client.hpp"

#include <string>

// How a device treats its connections, and what it sends without a request.
namespace gensetd::simulator {
namespace {

constexpr std::size_t response_length = 11;  // of one register on Modbus TCP
constexpr modbus::ReadRequest one_register{
    .unit_id = 1, .function = modbus::Function::holding_registers, .first = 260, .count = 1};

class ConnectionBehaviourTest : public WithSimulator {
 protected:
  void simulate_with(ModbusServerOptions place) {
    place.controllers = {
        {.profile = profile::Catalog::built_in().find("hgm9520n"), .unit_id = 1, .site = "A"}};
    simulate({.servers = {std::move(place)}});
    simulator->set_register(0, 0, 260, 100);
  }

  void read(SimulatorClient& client, std::uint16_t id) {
    const std::size_t before = client.received.size();
    client.read_tcp(one_register, id);
    run_until([&] { return client.received.size() >= before + response_length || client.ended; });
  }

  static std::string text_of(const SimulatorClient& client) {
    return {client.received.begin(), client.received.end()};
  }
};

TEST_F(ConnectionBehaviourTest, requests_right_after_connecting_are_ignored) {
  simulate_with({.connection_behaviour = {.ignores_requests_for = milliseconds{200}}});
  const auto client = connect();
  const auto since = steady_clock::now();
  client->read_tcp(one_register, 1);
  run_until([&] { return steady_clock::now() - since > milliseconds{250}; });
  EXPECT_TRUE(client->received.empty());
  read(*client, 2);
  EXPECT_EQ(modbus::number_at(client->received, 0), 2);
}

TEST_F(ConnectionBehaviourTest, connection_is_closed_after_so_many_responses) {
  simulate_with({.connection_behaviour = {.closes_after_responses = 2}});
  const auto client = connect();
  read(*client, 1);
  EXPECT_FALSE(client->ended);
  read(*client, 2);
  run_until([&] { return client->ended.failed(); });
  EXPECT_EQ(client->received.size(), 2 * response_length);
  EXPECT_EQ(client->ended, boost::asio::error::eof);
}

TEST_F(ConnectionBehaviourTest, idle_connection_is_closed) {
  simulate_with({.connection_behaviour = {.idle_timeout = milliseconds{40}}});
  const auto client = connect();
  run_until([&] { return client->ended.failed(); });
  EXPECT_EQ(client->ended, boost::asio::error::eof);
}

TEST_F(ConnectionBehaviourTest, second_client_is_reset_or_takes_the_place_of_the_first) {
  simulate_with({.clients_max = 1});
  const auto first = connect();
  read(*first, 1);
  const auto second = connect();
  run_until([&] { return second->ended.failed(); });
  EXPECT_FALSE(first->ended);

  simulate_with({.clients_max = 1, .connection_behaviour = {.evicts_oldest = true}});
  const auto third = connect();
  read(*third, 1);
  const auto fourth = connect();
  run_until([&] { return third->ended.failed(); });
  read(*fourth, 1);
  EXPECT_FALSE(fourth->ended);
}

TEST_F(ConnectionBehaviourTest, responses_are_copied_to_the_other_clients_with_their_ids) {
  simulate_with({.copies_responses = true});
  const auto first = connect();
  const auto second = connect();
  read(*first, 1);
  read(*second, 77);
  run_until([&] { return first->received.size() == 2 * response_length; });
  EXPECT_EQ(modbus::number_at(first->received, response_length), 77);
}

TEST_F(ConnectionBehaviourTest, idle_connection_brings_frames_that_nobody_requested) {
  simulate_with({.unsolicited_data = {.every = milliseconds{10}, .ids = UnsolicitedIds::after}});
  const auto client = connect();
  read(*client, 100);
  const std::size_t before = client->received.size();
  run_until([&] { return client->received.size() > before + 2; });
  const auto id = modbus::number_at(client->received, before);
  EXPECT_TRUE(id > 100 && id <= 103) << id;
}

TEST_F(ConnectionBehaviourTest, identity_text_comes_at_connect_before_packets_and_periodically) {
  simulate_with({.identity = {.text = "www.usr.cn", .at_connect = true, .before_packets = true}});
  const auto client = connect();
  run_until([&] { return client->received.size() == 10; });
  client->read_tcp(one_register, 1);
  run_until([&] { return client->received.size() == 20 + response_length; });
  EXPECT_EQ(text_of(*client).substr(0, 20), "www.usr.cnwww.usr.cn");

  simulate_with({.protocol = modbus::Protocol::rtu_over_tcp,
                 .identity = {.text = "id", .before_packets = true, .every = milliseconds{10}}});
  const auto serial = connect();
  run_until([&] { return text_of(*serial).starts_with("idid"); });
  serial->read_rtu(one_register);
  run_until([&] { return text_of(*serial).find("id\x01\x03\x02") != std::string::npos; });
}

TEST_F(ConnectionBehaviourTest, ids_that_are_not_echoed_and_late_responses_come_on_the_wire) {
  simulate_with({.faults = {.ids = ResponseIds::one}});
  const auto client = connect();
  read(*client, 500);
  EXPECT_EQ(modbus::number_at(client->received, 0), 1);

  simulate_with({.faults = {.lag = {.start_chance = 1, .renumbered = true}}});
  const auto behind = connect();
  behind->read_tcp({.unit_id = 1, .function = modbus::Function::holding_registers, .first = 260, .count = 2},
                   1);
  behind->read_tcp(one_register, 2);
  run_until([&] { return behind->received.size() >= 13; });
  EXPECT_EQ(modbus::number_at(behind->received, 0), 2);
  EXPECT_EQ(behind->received[8], 4) << "two registers: those of the request before";
}

}  // namespace
}  // namespace gensetd::simulator
