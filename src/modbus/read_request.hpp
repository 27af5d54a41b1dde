#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>

namespace gensetd::modbus {

// The largest number of registers in one request (Modbus application protocol V1.1b3, 6.3 and 6.4).
inline constexpr std::uint16_t registers_per_request_max = 125;
// The largest number of coils or discrete inputs in one request (V1.1b3, 6.1 and 6.2).
inline constexpr std::uint16_t bits_per_request_max = 2'000;

// The framing of requests and responses: MBAP header over TCP, or RTU frames with CRC inside a TCP stream.
enum class Protocol : std::uint8_t { tcp, rtu_over_tcp };

// The functions that gensetd uses, by the table that they read (V1.1b3, 6.1 to 6.4). There is no other
// function: gensetd only reads.
enum class Function : std::uint8_t {
  coils = 1,
  discrete_inputs = 2,
  holding_registers = 3,
  input_registers = 4,
};

constexpr std::uint8_t code_of(Function function) { return static_cast<std::uint8_t>(function); }
constexpr bool is_read_function(std::uint8_t function) { return function >= 1 && function <= 4; }

// Whether the function reads bits, eight to a byte of the response; otherwise registers of two bytes.
constexpr bool reads_bits(Function function) {
  return function == Function::coils || function == Function::discrete_inputs;
}

// The data of a response consists of items: registers, or bytes with eight bits each.
constexpr std::uint16_t addresses_per_item(Function function) { return reads_bits(function) ? 8 : 1; }
constexpr std::size_t bytes_per_item(Function function) { return reads_bits(function) ? 1 : 2; }
constexpr std::uint16_t count_max(Function function) {
  return reads_bits(function) ? bits_per_request_max : registers_per_request_max;
}
// The largest size() of a response.
constexpr std::uint16_t size_max(Function function) {
  return static_cast<std::uint16_t>(count_max(function) / addresses_per_item(function));
}
constexpr std::uint16_t size_of(Function function, std::uint16_t count) {
  const std::uint16_t step = addresses_per_item(function);
  return static_cast<std::uint16_t>((count + step - 1) / step);
}

// An RTU response with three bytes of bits is as long as a request, and nothing else tells it from one: on a
// serial line 17 to 24 bits are never requested.
inline constexpr std::uint16_t ambiguous_bits_min = 17;
inline constexpr std::uint16_t ambiguous_bits_max = 24;
constexpr bool is_ambiguous_on_serial_line(Function function, int count) {
  return reads_bits(function) && count >= ambiguous_bits_min && count <= ambiguous_bits_max;
}

// What an RTU response tells about its request: nothing else.
struct ResponseHead {
  std::uint8_t unit_id = 0;
  Function function{};
  std::uint16_t size = 0;  // of the data: in registers, or in bytes with eight bits each

  bool operator==(const ResponseHead&) const = default;
};

// A register or bit: the four tables have addresses of their own (V1.1b3, 4.3).
struct TableAddress {
  Function function{};
  std::uint16_t address = 0;

  auto operator<=>(const TableAddress&) const = default;
};

constexpr TableAddress holding_register(std::uint16_t address) {
  return {Function::holding_registers, address};
}

// One read request (V1.1b3, 6.1 to 6.4). Registers and bits are numbered from 0, as on the wire; count is 1
// to count_max() and first + count at most 65,536. `function` has no default: 0 is no function, and a
// controller refuses it.
struct ReadRequest {
  std::uint8_t unit_id = 1;
  Function function{};
  std::uint16_t first = 0;
  std::uint16_t count = 1;

  bool operator==(const ReadRequest&) const = default;

  std::uint16_t size() const { return size_of(function, count); }               // of the response's data
  std::size_t byte_count() const { return bytes_per_item(function) * size(); }  // of the response's data
  ResponseHead response_head() const { return {unit_id, function, size()}; }
};

}  // namespace gensetd::modbus
