#include "check.hpp"
#include "modbus/rtu_frame.hpp"
#include "modbus/tcp_frame.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <variant>

using namespace gensetd::modbus;

namespace {

void check_parse(const ResponseParse& parsed, const ReadRequest& request,
                 std::span<const std::uint8_t> received) {
  if (const auto* incomplete = std::get_if<Incomplete>(&parsed)) {
    check(incomplete->needed > received.size() && incomplete->needed <= tcp_frame_max);
  } else if (const auto* response = std::get_if<Response>(&parsed)) {
    check(response->data.size() == request.byte_count() && response->length <= received.size());
    check(response->data.data() >= received.data());
    check(response->data.data() + response->data.size() <= received.data() + received.size());
  } else if (const auto* refused = std::get_if<Refused>(&parsed)) {
    check(refused->length <= received.size());
  } else {
    const auto& mismatched = std::get<Mismatched>(parsed);
    check(mismatched.length > 0 && mismatched.length <= received.size());
  }
}

// The length of the parsed frame or garbage, or 0.
std::size_t check_parse(const RtuParse& parsed, std::span<const std::uint8_t> received) {
  if (const auto* incomplete = std::get_if<Incomplete>(&parsed)) {
    check(incomplete->needed > received.size() && incomplete->needed <= rtu_frame_max);
    return 0;
  }
  if (const auto* garbage = std::get_if<Garbage>(&parsed)) {
    check(garbage->length > 0 && garbage->length <= received.size());
    return garbage->length;
  }
  const auto& frame = std::get<RtuFrame>(parsed);
  check(frame.length > 0 && frame.length <= received.size());
  check(frame.kind != RtuFrame::Kind::response ||
        frame.data.size() == frame.response_head().size * bytes_per_item(frame.response_head().function));
  check(frame.data.empty() || (frame.data.data() >= received.data() &&
                               frame.data.data() + frame.data.size() <= received.data() + received.size()));
  return frame.length;
}

}  // namespace

// Byte 0: unit, 1: count, 2: transaction id, function, and whether the line is silent; the rest are the
// received bytes. Frames are removed one by one, as the link does.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  const auto count = static_cast<std::uint16_t>(data[1] % registers_per_request_max + 1);
  const auto function = static_cast<Function>(data[2] / 2 % 4 + 1);
  const ReadRequest request{.unit_id = data[0],
                            .function = function,
                            .first = 0,
                            .count = static_cast<std::uint16_t>(reads_bits(function) ? 3 * count : count)};
  const std::span<const std::uint8_t> stream{data + 3, size - 3};
  std::span<const std::uint8_t> received = stream;
  for (;;) {
    const ResponseParse parsed = parse_tcp_response(request, data[2], received);
    check_parse(parsed, request, received);
    const auto* mismatched = std::get_if<Mismatched>(&parsed);
    if (mismatched == nullptr) break;
    received = received.subspan(mismatched->length);
  }
  const bool silent = data[2] % 2 == 0;
  received = stream;
  while (!received.empty()) {
    const std::size_t length = check_parse(parse_rtu(received, silent), received);
    if (length == 0) break;
    received = received.subspan(length);
  }
  check(received.empty() || !silent);
  return 0;
}
