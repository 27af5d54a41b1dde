#include "simulator/client.hpp"

namespace gensetd::simulator {
namespace {

using modbus::Protocol;

// A character of 11 bits at 9600 baud.
constexpr std::chrono::microseconds character{1'145};

// What the simulator does as a serial line behind a converter.
class ConverterTest : public WithSimulator {
 protected:
  static std::size_t answer_length(std::uint16_t count) { return modbus::rtu_answer_length(count); }
};

TEST_F(ConverterTest, answer_takes_at_least_the_time_of_the_wire_and_the_turnaround) {
  simulate_pair(Protocol::rtu_over_tcp, true, milliseconds{80});
  const auto client = connect();
  const auto asked = steady_clock::now();
  client->read_rtu({.unit_id = 1, .first = 120, .count = 36});
  run_until([&] { return client->received.size() >= answer_length(36); });
  EXPECT_GE(client->last_byte - asked, milliseconds{80} + character * (8 + answer_length(36)));
}

TEST_F(ConverterTest, requests_of_two_clients_go_one_after_another) {
  simulate_pair(Protocol::rtu_over_tcp, true, milliseconds{20});
  const auto one = connect();
  const auto two = connect();
  const auto asked = steady_clock::now();
  one->read_rtu({.unit_id = 1, .first = 120, .count = 36});
  two->read_rtu({.unit_id = 2, .first = 120, .count = 36});
  run_until([&] { return two->received.size() >= 2 * answer_length(36); });
  EXPECT_GE(two->last_byte - asked, 2 * (milliseconds{20} + character * (8 + answer_length(36))));
}

TEST_F(ConverterTest, every_client_sees_the_answers_to_all) {
  simulate_pair(Protocol::rtu_over_tcp);
  const auto one = connect();
  const auto two = connect();
  two->read_rtu({.unit_id = 2, .first = 260, .count = 1});  // its answer shows that it is connected
  run_until([&] { return !two->received.empty() && !one->received.empty(); });
  EXPECT_EQ(two->received, with_crc({2, 3, 2, 0, 200}));
  EXPECT_EQ(one->received, two->received);
}

TEST_F(ConverterTest, ninth_client_is_turned_away_and_a_place_becomes_free) {
  simulate_pair(Protocol::rtu_over_tcp);
  std::vector<std::unique_ptr<Client>> clients;
  for (std::size_t index = 0; index < 9; ++index) clients.push_back(connect());
  run_until([&] { return clients[8]->ended.failed(); });
  for (std::size_t index = 0; index < 8; ++index) EXPECT_FALSE(clients[index]->ended.failed()) << index;
  clients.erase(clients.begin());
  bool answered = false;
  run_until([&] {  // the place is free as soon as the simulator has seen the end
    const auto late = connect();
    late->read_rtu({.unit_id = 1, .first = 260, .count = 1});
    const auto until = steady_clock::now() + milliseconds{500};
    while (late->received.empty() && !late->ended.failed() && steady_clock::now() < until) {
      context.run_one_for(milliseconds{50});
    }
    answered = !late->received.empty();
    return answered;
  });
  EXPECT_TRUE(answered);
}

TEST_F(ConverterTest, torn_request_is_dropped_after_a_pause) {
  simulate_pair(Protocol::rtu_over_tcp);
  const auto client = connect();
  client->send({1, 3, 1});
  context.run_for(milliseconds{400});  // the pause itself is what is tested
  client->read_rtu({.unit_id = 1, .first = 260, .count = 1});
  run_until([&] { return !client->received.empty(); });
  EXPECT_EQ(client->received, with_crc({1, 3, 2, 0, 100}));
}

TEST_F(ConverterTest, unknown_unit_and_wrong_crc_are_silent_and_the_next_request_is_answered) {
  simulate_pair(Protocol::rtu_over_tcp);
  const auto client = connect();
  client->read_rtu({.unit_id = 9, .first = 260, .count = 1});
  Bytes broken = with_crc({1, 3, 1, 4, 0, 1});
  broken.back() ^= 0xFF;
  client->send(broken);
  for (int turn = 0; turn < 20; ++turn) context.run_one_for(milliseconds{1});
  client->read_rtu({.unit_id = 1, .first = 260, .count = 1});
  run_until([&] { return !client->received.empty(); });
  EXPECT_EQ(client->received, with_crc({1, 3, 2, 0, 100}));
}

TEST_F(ConverterTest, delay_keeps_the_line_busy) {
  simulate_pair(Protocol::rtu_over_tcp);
  simulator->set_faults(0, {.delay = milliseconds{60}});
  const auto client = connect();
  const auto asked = steady_clock::now();
  client->read_rtu({.unit_id = 1, .first = 260, .count = 1});
  client->read_rtu({.unit_id = 2, .first = 260, .count = 1});
  run_until([&] { return client->received.size() >= 14; });
  EXPECT_GE(client->last_byte - asked, milliseconds{120});
}

}  // namespace
}  // namespace gensetd::simulator
