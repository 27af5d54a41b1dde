#include "modbus/error.hpp"
#include "script.hpp"

#include <gtest/gtest.h>

#include <vector>

// Responses of the four read functions on one line: a response names its function, and each comparison of it
// matters.
namespace gensetd::link {
namespace {

using modbus::Function;
using modbus::ReadRequest;

constexpr Function functions[] = {Function::coils, Function::discrete_inputs, Function::holding_registers,
                                  Function::input_registers};

// The response with this function to a read, with `data`.
Bytes response_of(Function function, const Bytes& data) {
  Bytes frame{1, modbus::code_of(function), static_cast<std::uint8_t>(data.size())};
  frame.insert(frame.end(), data.begin(), data.end());
  return with_crc(frame);
}

Bytes exception_of(Function function, std::uint8_t code) {
  return with_crc({1, static_cast<std::uint8_t>(modbus::code_of(function) | 0x80), code});
}

// A read with a response of four bytes.
ReadRequest read_of(Function function) {
  return {.unit_id = 1,
          .function = function,
          .first = 16,
          .count = static_cast<std::uint16_t>(modbus::reads_bits(function) ? 32 : 2)};
}

class Functions : public testing::TestWithParam<Function> {
 protected:
  Functions() { script.transaction.timeout = std::chrono::milliseconds{1'000}; }

  Send send(ExtensionRange extension = {}) {
    script.submit("a", read_of(GetParam()), extension);
    return next_send();
  }

  Send next_send() {
    for (;;) {
      const Action action = script.conversation.next(script.now);
      if (const auto* send = std::get_if<Send>(&action)) return *send;
      const auto* wait = std::get_if<Wait>(&action);
      if (wait == nullptr) break;
      script.now = std::max(wait->until, script.now + std::chrono::microseconds{1});
    }
    ADD_FAILURE() << "no request";
    return {};
  }

  Script script;
};

TEST_P(Functions, request_names_its_function) {
  const Send request = send();
  EXPECT_EQ(request.bytes[1], modbus::code_of(GetParam()));
  EXPECT_EQ(request.bytes[3], 16);
  EXPECT_EQ(request.bytes[5], read_of(GetParam()).count);
}

TEST_P(Functions, response_of_another_function_is_not_taken) {
  send();
  for (const Function other : functions) {
    if (other == GetParam()) continue;
    script.receive(response_of(other, {1, 2, 3, 4}));
    EXPECT_FALSE(script.conversation.next(script.now).index() == Action{Report{}}.index())
        << modbus::code_of(other);
  }
  script.receive(response_of(GetParam(), {1, 2, 3, 4}));
  // A first response is confirmed by a shorter one, or the same one again.
  const Send again = next_send();
  const std::size_t bytes = modbus::reads_bits(GetParam()) ? again.bytes[5] / 8U : 2U * again.bytes[5];
  const Bytes all{1, 2, 3, 4};
  script.receive(
      response_of(GetParam(), Bytes(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(bytes))));
  EXPECT_EQ(script.next(), "report a 258 772");
}

TEST_P(Functions, exception_of_another_function_is_not_taken) {
  send();
  for (const Function other : functions) {
    if (other != GetParam()) script.receive(exception_of(other, 2));
  }
  const std::string event = script.next_event();
  EXPECT_NE(event, "report a exception 2");
  EXPECT_FALSE(event.starts_with("send")) << "the request was repeated as after an exception of its own";
}

TEST_P(Functions, modbus_tcp_response_of_another_function_is_not_taken) {
  script.transaction.protocol = modbus::Protocol::tcp;
  for (const Function other : functions) {
    if (other == GetParam()) continue;
    script.submit("a", read_of(GetParam()));
    const Send request = next_send();
    Bytes frame{request.bytes[0], request.bytes[1], 0, 0, 0, 7, 1, modbus::code_of(other), 4, 1, 2, 3, 4};
    script.receive(frame);
    EXPECT_EQ(script.next(), "report a the response to another request") << int{modbus::code_of(other)};
    EXPECT_EQ(script.next(), "close");
    script.conversation.closed({}, script.now);
    script.conversation.opened(script.now);
  }
}

// With equal byte counts: the late response to one function costs no other function its counts.
TEST_P(Functions, count_of_a_lost_response_is_free_for_other_functions) {
  send();
  EXPECT_EQ(script.next_event(), "report a no response in time");
  for (const Function other : functions) {
    if (other == GetParam()) continue;
    script.submit("b", read_of(other));
    const SteadyTime before = script.now;
    const Send request = next_send();
    EXPECT_EQ(request.bytes[1], modbus::code_of(other));
    EXPECT_LT(script.now - before, std::chrono::seconds{1});
    script.next_event();
  }
}

INSTANTIATE_TEST_SUITE_P(All, Functions, testing::ValuesIn(functions), [](const auto& one) {
  return "function_" + std::to_string(modbus::code_of(one.param));
});

// 12 bits are two bytes whose last four bits must be 0: another client asked for more.
TEST(Bits, response_with_padding_bits_that_are_set_is_not_taken) {
  Script script;
  script.submit("a", {.unit_id = 1, .function = Function::coils, .first = 0, .count = 12});
  EXPECT_EQ(script.next_event(), "send 1:0+12");
  script.receive(response_of(Function::coils, {0xFF, 0x1F}));
  EXPECT_EQ(script.next_event(), "report a the response to another request");
}

TEST(Bits, modbus_tcp_response_with_padding_bits_that_are_set_is_not_taken) {
  Script script;
  script.transaction.protocol = modbus::Protocol::tcp;
  script.submit("a", {.unit_id = 1, .function = Function::coils, .first = 0, .count = 12});
  script.next_event();
  const auto id = script.transaction_id;
  script.receive(
      {static_cast<std::uint8_t>(id >> 8), static_cast<std::uint8_t>(id), 0, 0, 0, 5, 1, 1, 2, 0xFF, 0x1F});
  EXPECT_NE(script.next(), "report a 65311");
}

TEST(Bits, read_is_extended_by_whole_bytes_and_gives_the_wanted_bits) {
  Script script;
  const ReadRequest wanted{.unit_id = 1, .function = Function::discrete_inputs, .first = 16, .count = 12};
  script.submit("a", wanted, {.first = 0, .end = 64, .limit = 64});
  EXPECT_EQ(script.next_event(), "send 1:16+12");
  EXPECT_EQ(script.next_event(), "report a no response in time");
  script.submit("a", wanted, {.first = 0, .end = 64, .limit = 64});
  // Not 24 bits: a response with three bytes is as long as a request.
  EXPECT_EQ(script.next_event(), "send 1:16+28");
  script.receive(response_of(Function::discrete_inputs, {0x34, 0x12, 0x56, 0x08}));
  EXPECT_EQ(script.next_event(), "send 1:16+4") << "a part confirms";
  script.receive(response_of(Function::discrete_inputs, {0x04}));
  EXPECT_EQ(script.next_event(), "report a 13330");
}

}  // namespace
}  // namespace gensetd::link
