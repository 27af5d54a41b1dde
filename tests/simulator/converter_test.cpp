#include "modbus/crc.hpp"
#include "simulator/client.hpp"

#include <string>
#include <utility>
#include <vector>

namespace gensetd::simulator {
namespace {

using modbus::Protocol;

// A character of 11 bits at 9600 baud.
constexpr std::chrono::microseconds character{1'145};

// The simulator as a serial line behind a converter.
class ConverterTest : public WithSimulator {
 protected:
  static std::size_t response_length(std::uint16_t count) { return modbus::rtu_response_length(2U * count); }

  // A converter without pacing and one HGM9520N, unit 1, whose register 260 reads 100.
  static ModbusServerOptions converter() {
    ModbusServerOptions place{.protocol = Protocol::rtu_over_tcp};
    place.controllers = {
        {.profile = profile::Catalog::built_in().find("hgm9520n"), .unit_id = 1, .site = "A"}};
    return place;
  }
  void simulate_one(ModbusServerOptions place) {
    simulate({.servers = {std::move(place)}});
    simulator->set_register(0, 0, 260, 100);
  }

  void run_for_turns(int turns) {
    for (int turn = 0; turn < turns; ++turn) context.run_one_for(milliseconds{1});
  }

  const Bytes response_260 = with_crc({1, 3, 2, 0, 100});
};

TEST_F(ConverterTest, response_takes_at_least_the_time_of_the_wire_and_the_turnaround) {
  simulate_pair(Protocol::rtu_over_tcp, true, milliseconds{80});
  const auto client = connect();
  const auto requested = steady_clock::now();
  client->read_rtu(
      {.unit_id = 1, .function = modbus::Function::holding_registers, .first = 120, .count = 36});
  run_until([&] { return client->received.size() >= response_length(36); });
  EXPECT_GE(client->last_byte - requested, milliseconds{80} + character * (8 + response_length(36)));
}

TEST_F(ConverterTest, requests_of_two_clients_go_one_after_another) {
  simulate_pair(Protocol::rtu_over_tcp, true, milliseconds{20});
  const auto one = connect();
  const auto two = connect();
  const auto requested = steady_clock::now();
  one->read_rtu({.unit_id = 1, .function = modbus::Function::holding_registers, .first = 120, .count = 36});
  two->read_rtu({.unit_id = 2, .function = modbus::Function::holding_registers, .first = 120, .count = 36});
  run_until([&] { return two->received.size() >= 2 * response_length(36); });
  EXPECT_GE(two->last_byte - requested, 2 * (milliseconds{20} + character * (8 + response_length(36))));
}

TEST_F(ConverterTest, every_client_sees_the_responses_to_all) {
  simulate_pair(Protocol::rtu_over_tcp);
  const auto one = connect();
  const auto two = connect();
  two->read_rtu({.unit_id = 2,
                 .function = modbus::Function::holding_registers,
                 .first = 260,
                 .count = 1});  // its response shows that it is connected
  run_until([&] { return !two->received.empty() && !one->received.empty(); });
  EXPECT_EQ(two->received, with_crc({2, 3, 2, 0, 200}));
  EXPECT_EQ(one->received, two->received);
}

TEST_F(ConverterTest, ninth_client_is_rejected_and_a_place_becomes_free) {
  simulate_pair(Protocol::rtu_over_tcp);
  std::vector<std::unique_ptr<SimulatorClient>> clients;
  for (std::size_t index = 0; index < 9; ++index) clients.push_back(connect());
  run_until([&] { return clients[8]->ended.failed(); });
  for (std::size_t index = 0; index < 8; ++index) EXPECT_FALSE(clients[index]->ended.failed()) << index;
  clients.erase(clients.begin());
  bool responded = false;
  run_until([&] {  // the place is free as soon as the simulator has seen the end
    const auto late = connect();
    late->read_rtu({.unit_id = 1, .function = modbus::Function::holding_registers, .first = 260, .count = 1});
    const auto until = steady_clock::now() + milliseconds{500};
    while (late->received.empty() && !late->ended.failed() && steady_clock::now() < until) {
      context.run_one_for(milliseconds{50});
    }
    responded = !late->received.empty();
    return responded;
  });
  EXPECT_TRUE(responded);
}

TEST_F(ConverterTest, torn_request_is_dropped_after_a_pause) {
  simulate_pair(Protocol::rtu_over_tcp);
  const auto client = connect();
  client->send({1, 3, 1});
  context.run_for(milliseconds{400});  // the pause itself is what is tested
  client->read_rtu({.unit_id = 1, .function = modbus::Function::holding_registers, .first = 260, .count = 1});
  run_until([&] { return !client->received.empty(); });
  EXPECT_EQ(client->received, with_crc({1, 3, 2, 0, 100}));
}

TEST_F(ConverterTest, unknown_unit_and_wrong_crc_are_silent_and_the_next_request_is_responded_to) {
  simulate_pair(Protocol::rtu_over_tcp);
  const auto client = connect();
  client->read_rtu({.unit_id = 9, .function = modbus::Function::holding_registers, .first = 260, .count = 1});
  Bytes broken = with_crc({1, 3, 1, 4, 0, 1});
  broken.back() ^= 0xFF;
  client->send(broken);
  for (int turn = 0; turn < 20; ++turn) context.run_one_for(milliseconds{1});
  client->read_rtu({.unit_id = 1, .function = modbus::Function::holding_registers, .first = 260, .count = 1});
  run_until([&] { return !client->received.empty(); });
  EXPECT_EQ(client->received, with_crc({1, 3, 2, 0, 100}));
}

TEST_F(ConverterTest, delay_keeps_the_line_busy) {
  simulate_pair(Protocol::rtu_over_tcp);
  simulator->set_faults(0, {.delay = milliseconds{60}});
  const auto client = connect();
  const auto requested = steady_clock::now();
  client->read_rtu({.unit_id = 1, .function = modbus::Function::holding_registers, .first = 260, .count = 1});
  client->read_rtu({.unit_id = 2, .function = modbus::Function::holding_registers, .first = 260, .count = 1});
  run_until([&] { return client->received.size() >= 14; });
  EXPECT_GE(client->last_byte - requested, milliseconds{120});
}

TEST_F(ConverterTest, one_client_at_a_time_is_kept_and_others_are_reset) {
  ModbusServerOptions place = converter();
  place.clients_max = 1;
  simulate_one(std::move(place));
  const auto first = connect();
  first->read_rtu({.unit_id = 1, .function = modbus::Function::holding_registers, .first = 260, .count = 1});
  run_until([&] { return !first->received.empty(); });
  const auto second = connect();
  run_until([&] { return second->ended.failed(); });
  EXPECT_EQ(second->ended, boost::asio::error::connection_reset);
  first->read_rtu({.unit_id = 1, .function = modbus::Function::holding_registers, .first = 260, .count = 1});
  run_until([&] { return first->received.size() == 2 * response_260.size(); });
}

TEST_F(ConverterTest, connection_that_hangs_stays_open_and_carries_nothing_not_even_others_responses) {
  simulate_one(converter());
  const auto client = connect();
  simulator->set_faults(0, {.hang = 1});
  client->read_rtu({.unit_id = 1, .function = modbus::Function::holding_registers, .first = 260, .count = 1});
  run_for_turns(20);
  simulator->set_faults(0, {});
  client->read_rtu({.unit_id = 1, .function = modbus::Function::holding_registers, .first = 260, .count = 1});
  const auto other = connect();
  other->read_rtu({.unit_id = 1, .function = modbus::Function::holding_registers, .first = 260, .count = 1});
  run_until([&] { return !other->received.empty(); });
  run_for_turns(20);
  EXPECT_TRUE(client->received.empty());
  EXPECT_FALSE(client->ended.failed());
}

TEST_F(ConverterTest, ranges_that_a_controller_does_not_response_are_silent_or_refused) {
  for (const bool silently : {true, false}) {
    ModbusServerOptions place = converter();
    place.limits = {.registers_max = 10,
                    .unknown = {{.function = modbus::Function::holding_registers, .first = 50, .count = 2}},
                    .refuses_silently = silently};
    simulate_one(std::move(place));
    const auto client = connect();
    client->read_rtu(
        {.unit_id = 1, .function = modbus::Function::holding_registers, .first = 100, .count = 11});
    client->read_rtu(
        {.unit_id = 1, .function = modbus::Function::holding_registers, .first = 45, .count = 6});
    client->read_rtu(
        {.unit_id = 1, .function = modbus::Function::holding_registers, .first = 51, .count = 1});
    client->read_rtu(
        {.unit_id = 1, .function = modbus::Function::holding_registers, .first = 260, .count = 1});
    Bytes expected = response_260;
    const Bytes refusal = with_crc({1, 0x83, 2});
    for (int refused = 0; refused < 3 && !silently; ++refused)
      expected.insert(expected.begin(), refusal.begin(), refusal.end());
    run_until([&] { return client->received.size() >= expected.size(); });
    EXPECT_EQ(client->received, expected);
    simulator->stop();
  }
}

TEST_F(ConverterTest, dead_unit_is_as_silent_as_one_that_is_not_there) {
  ModbusServerOptions place = converter();
  place.controllers.push_back({.profile = place.controllers[0].profile, .unit_id = 2, .site = "A"});
  place.dead_units = {2};
  simulate_one(std::move(place));
  const auto client = connect();
  client->read_rtu({.unit_id = 2, .function = modbus::Function::holding_registers, .first = 260, .count = 1});
  client->read_rtu({.unit_id = 1, .function = modbus::Function::holding_registers, .first = 260, .count = 1});
  run_until([&] { return !client->received.empty(); });
  EXPECT_EQ(client->received, response_260);
}

TEST_F(ConverterTest, nothing_comes_in_an_outage) {
  ModbusServerOptions place = converter();
  place.outage = {.period = milliseconds{60'000}, .lasting = milliseconds{60'000}};
  simulate_one(std::move(place));
  const auto client = connect();
  client->read_rtu({.unit_id = 1, .function = modbus::Function::holding_registers, .first = 260, .count = 1});
  run_for_turns(50);
  EXPECT_TRUE(client->received.empty());
  EXPECT_FALSE(client->ended.failed());
}

TEST_F(ConverterTest, long_response_comes_in_packets_of_the_packing_time) {
  ModbusServerOptions place = converter();
  place.serial_pacing = true;
  place.turnaround = milliseconds{1};
  place.packing = milliseconds{20};  // 17 characters
  simulate_one(std::move(place));
  const auto client = connect();
  client->read_rtu(
      {.unit_id = 1, .function = modbus::Function::holding_registers, .first = 120, .count = 36});
  run_until([&] { return client->received.size() >= response_length(36); });
  EXPECT_EQ(client->received.size(), response_length(36));
  EXPECT_GE(client->segments, 2U);
  EXPECT_EQ(modbus::crc16(client->received), 0);
}

TEST_F(ConverterTest, doubled_response_comes_twice) {
  simulate_one(converter());
  simulator->set_faults(0, {.doubled = 1, .doubled_by = milliseconds{30}});
  const auto client = connect();
  client->read_rtu({.unit_id = 1, .function = modbus::Function::holding_registers, .first = 260, .count = 1});
  run_until([&] { return client->received.size() >= 2 * response_260.size(); });
  EXPECT_EQ(Bytes(client->received.begin(), client->received.begin() + 7), response_260);
  EXPECT_EQ(Bytes(client->received.begin() + 7, client->received.end()), response_260);
}

TEST_F(ConverterTest, foreign_masters_responses_come_to_a_client_without_requests) {
  for (const bool requests_visible : {false, true}) {
    ModbusServerOptions place = converter();
    place.foreign_master = {.blocks = {{.name = "a", .address = 260, .count = 1}},
                            .requests_visible = requests_visible,
                            .interval = milliseconds{1}};
    simulate_one(std::move(place));
    const auto client = connect();
    Bytes round = response_260;
    const auto request = modbus::encode_rtu(
        {.unit_id = 1, .function = modbus::Function::holding_registers, .first = 260, .count = 1});
    if (requests_visible) round.insert(round.begin(), request.begin(), request.end());
    run_until([&] { return client->received.size() >= 2 * round.size(); });
    EXPECT_EQ(Bytes(client->received.begin(), client->received.begin() + std::ssize(round)), round);
    simulator->stop();
  }
}

TEST_F(ConverterTest, trace_contains_connections_and_requests) {
  std::vector<std::string> lines;
  SimulatorOptions options{.servers = {converter()}};
  options.trace = [&](const std::string& line) { lines.push_back(line); };
  simulate(std::move(options));
  auto client = connect();
  client->read_rtu({.unit_id = 1, .function = modbus::Function::holding_registers, .first = 255, .count = 6});
  run_until([&] { return !client->received.empty(); });
  client.reset();
  run_until([&] { return lines.size() == 3; });
  const std::string place = "port " + std::to_string(simulator->ports()[0]) + " client 1: ";
  EXPECT_EQ(lines, (std::vector<std::string>{place + "connected", place + "unit 1 reads 255..260",
                                             place + "disconnected"}));
}

}  // namespace
}  // namespace gensetd::simulator
