#include "modbus/crc.hpp"
#include "troubled_line.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

// The four read functions mixed on one serial line, with responses of equal byte counts: no data is assigned
// to a wrong function, unit or address. SERIAL_… as for TroubledLineTest.
namespace gensetd::poller {
namespace {

using modbus::Function;
using modbus::ReadRequest;

constexpr unsigned addresses = 256;

// The register or bit at `address`, which no other place has in common with it but by chance.
std::uint16_t value_of(const ReadRequest& read, unsigned address) {
  std::uint64_t mixed =
      (std::uint64_t{read.unit_id} << 32 | std::uint64_t{modbus::code_of(read.function)} << 16 | address) + 1;
  mixed *= 0x9E3779B97F4A7C15U;
  mixed ^= mixed >> 29;
  mixed *= 0xBF58476D1CE4E5B9U;
  return static_cast<std::uint16_t>(mixed >> 40);
}

Bytes data_of(const ReadRequest& read) {
  Bytes data(read.byte_count());
  for (unsigned index = 0; index < read.count; ++index) {
    const std::uint16_t value = value_of(read, read.first + index);
    if (modbus::reads_bits(read.function)) {
      data[index / 8] = static_cast<std::uint8_t>(data[index / 8] | (value & 1U) << index % 8);
    } else {
      data[2U * index] = modbus::high_byte(value);
      data[2U * index + 1] = modbus::low_byte(value);
    }
  }
  return data;
}

Bytes response_to(const ReadRequest& read) {
  Bytes frame{read.unit_id, modbus::code_of(read.function), static_cast<std::uint8_t>(read.byte_count())};
  const Bytes data = data_of(read);
  frame.insert(frame.end(), data.begin(), data.end());
  const std::uint16_t crc = modbus::crc16(frame);
  frame.push_back(modbus::low_byte(crc));
  frame.push_back(modbus::high_byte(crc));
  return frame;
}

class MixedLine final : public SimulatedPeer {
 public:
  explicit MixedLine(std::uint64_t seed) : SimulatedPeer(seed) { other_master_requests(); }

  // Byte counts 2, 4 .. 24, so that responses of all functions have the same lengths.
  ReadRequest any_request(std::uint8_t unit_id, Function function) {
    const auto registers = static_cast<std::uint16_t>(1 + below(12));
    const bool bits = modbus::reads_bits(function);
    return {.unit_id = unit_id,
            .function = function,
            .first = static_cast<std::uint16_t>(below(4) * 16),
            .count = static_cast<std::uint16_t>(bits ? 16 * registers - below(3) : registers)};
  }

 private:
  void send_frame(const link::Send& send) override {
    const std::span<const std::uint8_t> bytes(send.bytes);
    const ReadRequest read{.unit_id = bytes[0],
                           .function = static_cast<Function>(bytes[1]),
                           .first = modbus::number_at(bytes, 2),
                           .count = modbus::number_at(bytes, 4)};
    EXPECT_FALSE(modbus::reads_bits(read.function) && read.size() == 3) << "as long as a request";
    if (happens(0.03)) return;
    SteadyTime arrives = now + milliseconds{30 + static_cast<int>(below(90))};
    if (happens(0.03)) arrives += milliseconds{300 + static_cast<int>(below(8'700))};
    Bytes response = response_to(read);
    if (happens(0.03)) deliver_at(arrives + milliseconds{static_cast<int>(below(400))}, response);
    if (happens(0.03)) response[below(response.size())] ^= static_cast<std::uint8_t>(1U << below(8));
    deliver_at(arrives, std::move(response));
  }

  void deliver_at(SteadyTime time, Bytes bytes) {
    at(time, [this, bytes = std::move(bytes)] {
      if (open_) conversation.received(bytes, now);
    });
  }

  // Its requests are visible, and of the same sizes as ours.
  void other_master_requests() {
    const auto unit_id = static_cast<std::uint8_t>(1 + below(3));
    const ReadRequest read = any_request(unit_id, static_cast<Function>(1 + below(4)));
    const auto request = modbus::encode_rtu(read);
    deliver_at(now, Bytes(request.begin(), request.end()));
    deliver_at(now + milliseconds{40}, response_to(read));
    at(now + milliseconds{300 + static_cast<int>(below(3'000))}, [this] { other_master_requests(); });
  }
};

// Reads one table of one unit, with a request every 200 ms to 1.2 s.
class TableReader final : public link::TransactionHandler {
 public:
  TableReader(MixedLine& line, std::uint8_t unit_id, Function function)
      : line_(line), unit_id_(unit_id), function_(function), plan_{any(), any(), any()} {
    request();
  }

  std::uint64_t accepted = 0;
  std::uint64_t wrong = 0;

 private:
  ReadRequest any() { return line_.any_request(unit_id_, function_); }

  void request() {
    const auto limit = static_cast<std::uint16_t>(modbus::reads_bits(function_) ? 400 : 36);
    line_.conversation.submit(*this, {.request = plan_[line_.below(plan_.size())],
                                      .extension = {.first = 0, .end = addresses, .limit = limit},
                                      .protocol = modbus::Protocol::rtu_over_tcp,
                                      .timeout = milliseconds{1'000},
                                      .request_gap = milliseconds{10}});
  }

  void finished(const link::Outcome& outcome) override {
    line_.at(line_.now + milliseconds{200 + static_cast<int>(line_.below(1'000))}, [this] { request(); });
    if (outcome.error) return;
    ++accepted;
    last_was_wrong_ = differs(outcome);
    if (last_was_wrong_) ++wrong;
  }

  // The reading of a poller is published after such a report, so the value is not shown.
  void response_suspected(const ReadRequest&) override {
    if (last_was_wrong_) --wrong;
    last_was_wrong_ = false;
  }

  // Behind the wanted bits, the last byte contains others.
  static bool differs(const link::Outcome& outcome) {
    const Bytes right = data_of(outcome.request);
    if (outcome.registers.size() != right.size()) return true;
    const unsigned bits = modbus::reads_bits(outcome.request.function)
                              ? outcome.request.count
                              : static_cast<unsigned>(8 * right.size());
    for (unsigned index = 0; index < bits; ++index) {
      if ((right[index / 8] ^ outcome.registers[index / 8]) >> index % 8 & 1) return true;
    }
    return false;
  }

  MixedLine& line_;
  const std::uint8_t unit_id_;
  const Function function_;
  std::vector<ReadRequest> plan_;
  bool last_was_wrong_ = false;
};

void expect_no_wrong_data(std::uint64_t seed, std::uint64_t transactions) {
  SCOPED_TRACE(repeat_with(seed, transactions));
  MixedLine line(seed);
  std::vector<std::unique_ptr<TableReader>> readers;
  for (std::uint8_t unit_id = 1; unit_id <= 2; ++unit_id) {
    for (int function = 1; function <= 4; ++function)
      readers.push_back(std::make_unique<TableReader>(line, unit_id, static_cast<Function>(function)));
  }
  line.run_until(transactions);
  for (const auto& reader : readers) {
    EXPECT_EQ(reader->wrong, 0U);
    EXPECT_GT(reader->accepted, transactions / 40);
  }
}

TEST(MixedFunctions, data_of_one_function_is_never_taken_for_another) {
  const RandomRuns runs;
  for (std::uint64_t seed = runs.first_seed; seed < runs.first_seed + runs.count; ++seed)
    expect_no_wrong_data(seed, runs.transactions);
}

}  // namespace
}  // namespace gensetd::poller
