#include "simulator/simulator.hpp"

#include "link/error.hpp"
#include "link/link.hpp"
#include "profile/decode.hpp"
#include "profile/read_plan.hpp"
#include "simulator/client.hpp"

#include <array>
#include <atomic>
#include <cstdio>
#include <string>
#include <sys/wait.h>
#include <thread>

namespace gensetd::simulator {
namespace {

using modbus::Protocol;

class SimulatorTest : public WithSimulator {};

// Reads every block of a profile through a link, one after another.
class BlockReader final : public link::TransactionHandler {
 public:
  BlockReader(link::Pool& pool, std::uint16_t port, profile::ProfilePtr profile)
      : values(profile->fields.size()), link_(pool.get("127.0.0.1", port)), profile_(std::move(profile)) {
    next();
  }

  void finished(const link::Outcome& outcome) override {
    EXPECT_FALSE(outcome.error) << outcome.error.message() << " at block " << profile_->blocks[block_].name;
    if (!outcome.error)
      profile::decode_block(*profile_, block_, profile::fields_of_block(*profile_, block_),
                            {.first = profile_->blocks[block_].address, .bytes = outcome.registers}, values);
    ++block_;
    next();
  }

  bool done() const { return block_ == profile_->blocks.size(); }
  std::vector<profile::Value> values;

 private:
  void next() {
    if (done()) return;
    const profile::Block& block = profile_->blocks[block_];
    link_->submit(*this, {.request = {.unit_id = 1,
                                      .function = modbus::Function::holding_registers,
                                      .first = block.address,
                                      .count = block.count},
                          .protocol = profile_->protocol,
                          .timeout = milliseconds{10'000}});
  }

  std::shared_ptr<link::Link> link_;
  profile::ProfilePtr profile_;
  std::size_t block_ = 0;
};

TEST_F(SimulatorTest, whole_demo_plant_responds_to_every_block_of_its_profiles) {
  const profile::Catalog catalog = profile::Catalog::built_in();
  const SimulatorOptions options = demo_plant(catalog, 0, 1);
  simulate(options);
  link::Pool pool(context);
  std::vector<std::unique_ptr<BlockReader>> readers;
  for (std::size_t index = 0; index < options.servers.size(); ++index) {
    readers.push_back(std::make_unique<BlockReader>(pool, simulator->ports()[index],
                                                    options.servers[index].controllers[0].profile));
  }
  for (const auto& reader : readers) run_until([&] { return reader->done(); });
  for (const auto& reader : readers) {
    const auto empty = std::count(reader->values.begin(), reader->values.end(), std::nullopt);
    EXPECT_LE(empty, 3) << "only sensors that are not connected have no data";
  }
}

TEST_F(SimulatorTest, plant_changes_while_the_loop_runs) {
  SimulatorOptions options = many_gensets(profile::Catalog::built_in(), 2, 0, false, 1);
  options.speed = 600;
  simulate(std::move(options));
  EXPECT_EQ(simulator->register_value(1, 0, 260), 0);
  run_until([&] { return simulator->register_value(1, 0, 260) == 9; });
  EXPECT_EQ(simulator->register_value(0, 0, 260), 9);
}

TEST_F(SimulatorTest, unit_ids_behind_one_port_are_distinguished) {
  simulate_pair(Protocol::tcp);
  const auto client = connect();
  client->read_tcp({.unit_id = 2, .function = modbus::Function::holding_registers, .first = 260, .count = 1},
                   7);
  client->read_tcp({.unit_id = 1, .function = modbus::Function::holding_registers, .first = 260, .count = 1},
                   8);
  client->read_tcp({.unit_id = 3, .function = modbus::Function::holding_registers, .first = 260, .count = 1},
                   9);
  run_until([&] { return client->received.size() >= 31; });
  EXPECT_EQ(client->received, (Bytes{0, 7, 0, 0, 0, 5, 2, 3,    2,   0, 200,  //
                                     0, 8, 0, 0, 0, 5, 1, 3,    2,   0, 100,  //
                                     0, 9, 0, 0, 0, 3, 3, 0x83, 0x0B}));
}

TEST_F(SimulatorTest, request_in_single_bytes_is_responded_to) {
  simulate_pair(Protocol::tcp);
  const auto client = connect();
  for (const std::uint8_t byte : modbus::encode_tcp(
           {.unit_id = 1, .function = modbus::Function::holding_registers, .first = 260, .count = 1}, 1)) {
    client->send({byte});
    context.poll();
  }
  run_until([&] { return client->received.size() >= 11; });
  EXPECT_EQ(client->received.back(), 100);
}

TEST_F(SimulatorTest, flood_of_garbage_does_not_stop_the_next_request) {
  simulate_pair(Protocol::tcp);
  const auto client = connect();
  client->send(Bytes(20'000, 0xFF));
  // The end of the garbage may have been taken for the head of a frame, which a pause ends.
  for (int attempt = 0; attempt < 50 && client->received.empty(); ++attempt) {
    const auto until = steady_clock::now() + milliseconds{250};
    client->read_tcp(
        {.unit_id = 1, .function = modbus::Function::holding_registers, .first = 260, .count = 1}, 1);
    run_until([&] { return !client->received.empty() || steady_clock::now() >= until; });
  }
  EXPECT_FALSE(client->received.empty());
}

TEST_F(SimulatorTest, set_faults_changes_the_responses_from_then_on) {
  simulate_pair(Protocol::tcp);
  simulator->set_faults(0, {.exception = 1});
  const auto client = connect();
  client->read_tcp({.unit_id = 1, .function = modbus::Function::holding_registers, .first = 260, .count = 1},
                   1);
  run_until([&] { return client->received.size() >= 9; });
  EXPECT_EQ(client->received[7], 0x83);
  simulator->set_faults(0, {});
  client->received.clear();
  client->read_tcp({.unit_id = 1, .function = modbus::Function::holding_registers, .first = 260, .count = 1},
                   2);
  run_until([&] { return client->received.size() >= 11; });
  EXPECT_EQ(client->received[7], 3);
}

TEST_F(SimulatorTest, reset_is_seen_as_a_reset_and_a_new_connection_is_taken) {
  simulate_pair(Protocol::tcp);
  simulator->set_faults(0, {.reset = 1});
  const auto client = connect();
  client->read_tcp({.unit_id = 1, .function = modbus::Function::holding_registers, .first = 260, .count = 1},
                   1);
  run_until([&] { return client->ended.failed(); });
  EXPECT_EQ(client->ended, boost::asio::error::connection_reset);
  simulator->set_faults(0, {});
  const auto again = connect();
  again->read_tcp({.unit_id = 1, .function = modbus::Function::holding_registers, .first = 260, .count = 1},
                  1);
  run_until([&] { return !again->received.empty(); });
}

TEST_F(SimulatorTest, late_response_comes_after_that_of_the_next_request) {
  simulate_pair(Protocol::tcp);
  simulator->set_faults(0, {.late = 1, .late_by = milliseconds{150}});
  const auto client = connect();
  const auto requested = steady_clock::now();
  client->read_tcp({.unit_id = 1, .function = modbus::Function::holding_registers, .first = 260, .count = 1},
                   1);
  for (int turn = 0; turn < 20; ++turn) context.run_one_for(milliseconds{1});  // the first is on its late way
  simulator->set_faults(0, {});
  client->read_tcp({.unit_id = 1, .function = modbus::Function::holding_registers, .first = 260, .count = 1},
                   2);
  run_until([&] { return client->received.size() >= 22; });
  EXPECT_EQ(client->received[1], 2);
  EXPECT_EQ(client->received[12], 1);
  EXPECT_GE(client->last_byte - requested, milliseconds{150});
}

TEST_F(SimulatorTest, split_response_arrives_in_several_segments) {
  simulate_pair(Protocol::tcp);
  simulator->set_faults(0, {.split = 1});
  const auto client = connect();
  client->read_tcp({.unit_id = 1, .function = modbus::Function::holding_registers, .first = 120, .count = 80},
                   1);
  run_until([&] { return client->received.size() >= 169; });
  EXPECT_GE(client->segments, 2U);
}

TEST_F(SimulatorTest, response_held_back_comes_with_the_next) {
  simulate_pair(Protocol::tcp);
  const auto client = connect();
  simulator->set_faults(0, {.merge = 1});
  std::uint16_t requested = 0;
  // Half of the merged responses are held back, the others joined with a foreign frame, which is longer.
  while (client->received.empty() && requested < 40) {
    client->read_tcp(
        {.unit_id = 1, .function = modbus::Function::holding_registers, .first = 260, .count = 1},
        ++requested);
    const auto until = steady_clock::now() + milliseconds{20};
    run_until([&] { return !client->received.empty() || steady_clock::now() >= until; });
    if (requested == 1 && !client->received.empty()) {
      client->received.clear();  // not held: once more
      client->segments = 0;
      requested = 0;
    }
  }
  ASSERT_GE(requested, 2);
  EXPECT_EQ(client->segments, 1U);
  for (std::uint16_t id = 1; id <= requested; ++id) EXPECT_EQ(client->received.at((id - 1U) * 11U + 1), id);
}

TEST_F(SimulatorTest, pulled_cable_refuses_and_resets_and_comes_back_on_the_same_port) {
  simulate_pair(Protocol::tcp);
  const std::uint16_t port = simulator->ports()[0];
  const auto client = connect();
  client->read_tcp({.unit_id = 1, .function = modbus::Function::holding_registers, .first = 260, .count = 1},
                   1);
  run_until([&] { return !client->received.empty(); });
  simulator->set_accepting(0, false);
  run_until([&] { return client->ended.failed(); });
  EXPECT_EQ(client->ended, boost::asio::error::connection_reset);
  EXPECT_THROW(connect(), boost::system::system_error);
  simulator->set_accepting(0, true);
  EXPECT_EQ(simulator->ports()[0], port);
  const auto again = connect();
  again->read_tcp({.unit_id = 1, .function = modbus::Function::holding_registers, .first = 260, .count = 1},
                  1);
  run_until([&] { return !again->received.empty(); });
}

TEST_F(SimulatorTest, port_that_is_taken_is_named) {
  simulate_pair(Protocol::tcp);
  SimulatorOptions second = many_gensets(profile::Catalog::built_in(), 1, simulator->ports()[0], false, 1);
  try {
    Simulator refused(context, std::move(second));
    FAIL() << "bound a port twice";
  } catch (const std::runtime_error& error) {
    const std::string place = "127.0.0.1:" + std::to_string(simulator->ports()[0]);
    EXPECT_NE(std::string(error.what()).find(place), std::string::npos) << error.what();
  }
}

TEST_F(SimulatorTest, stop_ends_everything_at_once_even_while_responses_are_due) {
  simulate_pair(Protocol::tcp);
  simulator->set_faults(0, {.late = 1, .late_by = std::chrono::hours{1}});
  const auto late = connect();
  late->read_tcp({.unit_id = 1, .function = modbus::Function::holding_registers, .first = 260, .count = 1},
                 1);
  for (int turn = 0; turn < 20; ++turn) context.run_one_for(milliseconds{1});
  simulator->set_faults(0, {.delay = std::chrono::hours{1}});
  const auto delayed = connect();
  delayed->read_tcp({.unit_id = 1, .function = modbus::Function::holding_registers, .first = 260, .count = 1},
                    1);
  for (int turn = 0; turn < 20; ++turn) context.run_one_for(milliseconds{1});
  simulator->stop();
  run_until([&] { return late->ended.failed() && delayed->ended.failed(); });
  context.run_for(std::chrono::seconds{20});
  EXPECT_TRUE(context.stopped()) << "something still waits";
}

TEST_F(SimulatorTest, simulator_may_go_before_the_loop_runs_again) {
  simulate_pair(Protocol::rtu_over_tcp, true);
  const auto client = connect();
  client->read_rtu({.unit_id = 1, .function = modbus::Function::holding_registers, .first = 260, .count = 1});
  for (int turn = 0; turn < 20; ++turn) context.run_one_for(milliseconds{1});
  simulator.reset();
  run_until([&] { return client->ended.failed(); });
}

// What a program prints, and its exit status.
struct ProgramOutput {
  std::string text;
  int status = -1;
};

ProgramOutput run_program(const std::string& command) {
  ProgramOutput printed;
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return printed;
  std::array<char, 512> chunk{};
  while (std::fgets(chunk.data(), chunk.size(), pipe) != nullptr) printed.text += chunk.data();
  const int ended = pclose(pipe);
  printed.status = WIFEXITED(ended) ? WEXITSTATUS(ended) : -1;
  return printed;
}

// An independent master, built on libmodbus.
TEST_F(SimulatorTest, mbpoll_reads_the_registers) {
  simulate_pair(Protocol::tcp);
  for (std::uint16_t address = 120; address < 245; ++address) {
    simulator->set_register(0, 1, address, static_cast<std::uint16_t>(address + 20'000));
  }
  const std::string command = "mbpoll -m tcp -0 -1 -q -o 10 -t 4 -a 2 -r 120 -c 125 -p " +
                              std::to_string(simulator->ports()[0]) + " 127.0.0.1";
  ProgramOutput printed;
  std::atomic<bool> ended = false;
  std::thread master([&] {
    printed = run_program(command);
    ended = true;
  });
  run_until([&] { return ended.load(); });
  master.join();
  ASSERT_EQ(printed.status, 0) << printed.text;
  for (std::uint16_t address = 120; address < 245; ++address) {
    const std::string line =
        "[" + std::to_string(address) + "]: \t" + std::to_string(address + 20'000) + "\n";
    EXPECT_NE(printed.text.find(line), std::string::npos) << line << printed.text;
  }
}

}  // namespace
}  // namespace gensetd::simulator
