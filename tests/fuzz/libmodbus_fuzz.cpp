#include "check.hpp"
#include "modbus/big_endian.hpp"
#include "modbus/crc.hpp"
#include "modbus/rtu_frame.hpp"
#include "modbus/tcp_frame.hpp"

#include <modbus.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <sys/socket.h>
#include <unistd.h>
#include <variant>
#include <vector>

// gensetd's framing against libmodbus, in both directions. The test compares the registers that each reads
// from the bytes of one response (or that it refuses them), and checks that libmodbus as a slave responds to
// our request with its registers. It does not compare what libmodbus ignores: protocol, unit and length of a
// Modbus TCP header (it refuses only a protocol with both bytes wrong), and bytes after the response.
using namespace gensetd::modbus;

namespace {

using Registers = std::optional<std::vector<std::uint16_t>>;  // empty: there are none

struct Free {
  void operator()(modbus_t* context) const { modbus_free(context); }
  void operator()(modbus_mapping_t* mapping) const { modbus_mapping_free(mapping); }
};

// libmodbus at one end of a pair of sockets, the test at the other.
class LibmodbusPeer {
 public:
  explicit LibmodbusPeer(Protocol protocol)
      : context_(protocol == Protocol::tcp ? modbus_new_tcp("127.0.0.1", 1)
                                           : modbus_new_rtu("/dev/null", 9600, 'N', 8, 1)) {
    check(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends_.data()) == 0);
    modbus_set_socket(context_.get(), ends_[0]);
  }
  LibmodbusPeer(const LibmodbusPeer&) = delete;
  LibmodbusPeer& operator=(const LibmodbusPeer&) = delete;
  ~LibmodbusPeer() {
    for (const int end : ends_) ::close(end);
  }

  modbus_t* context() { return context_.get(); }

  // Delivers all bytes and the end of the stream, so that libmodbus does not wait for more.
  void deliver(std::span<const std::uint8_t> bytes) {
    check(::send(ends_[1], bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
    check(::shutdown(ends_[1], SHUT_WR) == 0);
  }

  std::vector<std::uint8_t> sent() {
    std::vector<std::uint8_t> bytes(2 * tcp_frame_max);
    const ssize_t length = ::recv(ends_[1], bytes.data(), bytes.size(), MSG_DONTWAIT);
    bytes.resize(length > 0 ? static_cast<std::size_t>(length) : 0);
    return bytes;
  }

 private:
  std::array<int, 2> ends_{};
  std::unique_ptr<modbus_t, Free> context_;
};

std::vector<std::uint16_t> numbers(std::span<const std::uint8_t> bytes) {
  std::vector<std::uint16_t> registers;
  for (std::size_t offset = 0; offset < bytes.size(); offset += 2)
    registers.push_back(number_at(bytes, offset));
  return registers;
}

// The registers that libmodbus reads from `response` to its own request.
Registers as_libmodbus_reads(Protocol protocol, const ReadRequest& request,
                             std::span<const std::uint8_t> response) {
  LibmodbusPeer peer(protocol);
  modbus_set_slave(peer.context(), request.unit_id);
  peer.deliver(response);
  std::vector<std::uint16_t> registers(256);
  const auto read =
      request.function == Function::holding_registers ? modbus_read_registers : modbus_read_input_registers;
  const int count = read(peer.context(), request.first, request.count, registers.data());
  if (count < 0) return std::nullopt;
  registers.resize(static_cast<std::size_t>(count));
  return registers;
}

Registers as_we_read_tcp(const ReadRequest& request, std::span<const std::uint8_t> received) {
  const ResponseParse assembled = parse_tcp_response(request, 1, received);  // libmodbus' first transaction
  const auto* response = std::get_if<Response>(&assembled);
  return response == nullptr ? Registers{} : numbers(response->data);
}

Registers as_we_read_rtu(const ReadRequest& request, std::span<const std::uint8_t> received) {
  const RtuParse cut = parse_rtu(received, true);
  const auto* frame = std::get_if<RtuFrame>(&cut);
  if (frame == nullptr || frame->kind != RtuFrame::Kind::response ||
      frame->response_head() != request.response_head())
    return std::nullopt;
  return numbers(frame->data);
}

void compare_tcp(const ReadRequest& request, std::span<const std::uint8_t> received) {
  const Registers ours = as_we_read_tcp(request, received);
  const Registers theirs = as_libmodbus_reads(Protocol::tcp, request, received);
  if (ours) check(theirs == ours);
  if (!theirs || received.size() < 9) return;
  const bool looked_at_by_us_only = received[2] != 0 || received[3] != 0 || received[6] != request.unit_id ||
                                    number_at(received, 4) != 3U + 2U * request.count;
  check(ours.has_value() != looked_at_by_us_only);
}

void compare_rtu(const ReadRequest& request, std::span<const std::uint8_t> received) {
  const Registers ours = as_we_read_rtu(request, received);
  const Registers theirs = as_libmodbus_reads(Protocol::rtu_over_tcp, request, received);
  if (ours) check(theirs == ours);
  if (!theirs || ours) return;
  // Seven bytes that are a response; with an eighth they are another master's request.
  const RtuParse cut = parse_rtu(received, true);
  const auto* frame = std::get_if<RtuFrame>(&cut);
  check(frame != nullptr && frame->kind == RtuFrame::Kind::request);
}

// libmodbus as the slave: it accepts our request, and we read its response.
void request_from_libmodbus(Protocol protocol, const ReadRequest& request,
                            std::span<const std::uint8_t> held) {
  LibmodbusPeer peer(protocol);
  modbus_set_slave(peer.context(), request.unit_id);
  const std::unique_ptr<modbus_mapping_t, Free> mapping(modbus_mapping_new_start_address(
      0, 0, 0, 0, request.first, request.count, request.first, request.count));
  auto* const registers =
      request.function == Function::holding_registers ? mapping->tab_registers : mapping->tab_input_registers;
  std::vector<std::uint16_t> expected(request.count);
  for (std::size_t index = 0; index < request.count; ++index) {
    if (!held.empty()) expected[index] = static_cast<std::uint16_t>(held[index % held.size()] * 257U + index);
    registers[index] = expected[index];
  }
  if (protocol == Protocol::tcp) {
    peer.deliver(encode_tcp(request, 1));
  } else {
    peer.deliver(encode_rtu(request));
  }
  std::array<std::uint8_t, MODBUS_TCP_MAX_ADU_LENGTH> query{};
  const int length = modbus_receive(peer.context(), query.data());
  check(length == static_cast<int>(protocol == Protocol::tcp ? tcp_request_length : rtu_request_length));
  check(modbus_reply(peer.context(), query.data(), length, mapping.get()) > 0);
  const std::vector<std::uint8_t> response = peer.sent();
  check((protocol == Protocol::tcp ? as_we_read_tcp(request, response) : as_we_read_rtu(request, response)) ==
        expected);
}

}  // namespace

// Byte 0: unit; 1: count; 2: bit 0 makes the CRC right, or the transaction, protocol and function of the
// header, bit 1 selects input registers; 3, 4: the first register; the rest is the response.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 5) return 0;
  const auto count = static_cast<std::uint16_t>(data[1] % registers_per_request_max + 1);
  const auto first = static_cast<std::uint16_t>(number_at({data + 3, 2}, 0) % (65'536 - count));
  const ReadRequest request{
      .unit_id = static_cast<std::uint8_t>(data[0] % rtu_unit_max + 1),
      .function = data[2] / 2 % 2 == 0 ? Function::holding_registers : Function::input_registers,
      .first = first,
      .count = count};
  const std::span<const std::uint8_t> held{data + 5, std::min<std::size_t>(size - 5, rtu_frame_max)};
  std::vector<std::uint8_t> tcp(held.begin(), held.end());
  std::vector<std::uint8_t> rtu = tcp;
  if (data[2] % 2 == 1) {
    const std::array<std::uint8_t, 4> head{0, 1, 0, 0};
    std::copy_n(head.begin(), std::min(head.size(), tcp.size()), tcp.begin());
    if (tcp.size() > 7) tcp[7] = code_of(request.function);
    const std::size_t length = std::min(rtu.size(), rtu_response_length(request.byte_count()));
    if (length > 4) {
      const std::uint16_t crc = crc16({rtu.data(), length - 2});
      rtu[length - 2] = low_byte(crc);
      rtu[length - 1] = high_byte(crc);
    }
  }
  compare_tcp(request, tcp);
  compare_rtu(request, rtu);
  request_from_libmodbus(Protocol::tcp, request, held);
  request_from_libmodbus(Protocol::rtu_over_tcp, request, held);
  return 0;
}
