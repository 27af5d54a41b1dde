#include "check.hpp"
#include "modbus/rtu_frame.hpp"
#include "modbus/tcp_frame.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <variant>

using namespace gensetd::modbus;

namespace {

void look(const ResponseParse& assembled, const ReadRequest& request,
          std::span<const std::uint8_t> received) {
  if (const auto* incomplete = std::get_if<Incomplete>(&assembled)) {
    check(incomplete->needed > received.size() && incomplete->needed <= tcp_frame_max);
  } else if (const auto* answer = std::get_if<Response>(&assembled)) {
    check(answer->registers.size() == 2U * request.count && answer->length <= received.size());
    check(answer->registers.data() >= received.data());
    check(answer->registers.data() + answer->registers.size() <= received.data() + received.size());
  } else if (const auto* refused = std::get_if<Refused>(&assembled)) {
    check(refused->length <= received.size());
  } else {
    const auto& not_ours = std::get<Mismatched>(assembled);
    check(not_ours.length > 0 && not_ours.length <= received.size());
  }
}

// The length of what is cut off, or 0.
std::size_t look(const RtuParse& cut, std::span<const std::uint8_t> received) {
  if (const auto* incomplete = std::get_if<Incomplete>(&cut)) {
    check(incomplete->needed > received.size() && incomplete->needed <= rtu_frame_max);
    return 0;
  }
  if (const auto* garbage = std::get_if<Garbage>(&cut)) {
    check(garbage->length > 0 && garbage->length <= received.size());
    return garbage->length;
  }
  const auto& frame = std::get<RtuFrame>(cut);
  check(frame.length > 0 && frame.length <= received.size());
  check(frame.kind != RtuFrame::Kind::response || frame.registers.size() == 2U * frame.count);
  check(frame.registers.empty() ||
        (frame.registers.data() >= received.data() &&
         frame.registers.data() + frame.registers.size() <= received.data() + received.size()));
  return frame.length;
}

}  // namespace

// Byte 0: unit, 1: count, 2: transaction id, and whether the line fell silent; the rest is what came. Frames
// are cut off as the link does.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  const auto count = static_cast<std::uint16_t>(data[1] % registers_per_request_max + 1);
  const ReadRequest request{.unit_id = data[0], .first = 0, .count = count};
  const std::span<const std::uint8_t> stream{data + 3, size - 3};
  std::span<const std::uint8_t> received = stream;
  for (;;) {
    const ResponseParse assembled = parse_tcp_response(request, data[2], received);
    look(assembled, request, received);
    const auto* not_ours = std::get_if<Mismatched>(&assembled);
    if (not_ours == nullptr) break;
    received = received.subspan(not_ours->length);
  }
  const bool silent = data[2] % 2 == 0;
  received = stream;
  while (!received.empty()) {
    const std::size_t length = look(parse_rtu(received, silent), received);
    if (length == 0) break;
    received = received.subspan(length);
  }
  check(received.empty() || !silent);
  return 0;
}
