#pragma once

#include "simulator/options.hpp"
#include "simulator/random.hpp"
#include "simulator/responder.hpp"

#include <cstdint>
#include <optional>
#include <utility>

namespace gensetd::simulator {

// Responses that come one request late (FIELD-NOTES 21, 22). From some request on each request is answered
// with the response to the one before it. A connection keeps each response's own header; a gateway puts it
// under the new transaction id, with the unit number of the new request.
class OneBehind {
 public:
  explicit OneBehind(std::uint64_t seed) : random_(seed) {}

  // What is sent when `response` is due; empty: nothing. Which response is the first to be late follows from
  // the seed.
  std::optional<Bytes> pass(Bytes response, const Behind& plan, bool rtu) {
    const bool falls = random_.chance(plan.falls);
    const bool recovers = random_.chance(plan.recovers);
    if (kept_ && recovers) kept_.reset();
    if (!kept_) {
      if (!falls) return response;
      kept_ = std::move(response);
      return std::nullopt;
    }
    Bytes late = *std::exchange(kept_, std::move(response));
    if (plan.readdressed) readdress(late, *kept_, rtu);
    return late;
  }

 private:
  // RTU responses carry no id, and their unit number is under the CRC.
  static void readdress(Bytes& late, const Bytes& due, bool rtu) {
    constexpr std::size_t unit_at = 6;
    if (rtu || late.size() <= unit_at || due.size() <= unit_at) return;
    late[0] = due[0];
    late[1] = due[1];
    late[unit_at] = due[unit_at];
  }

  Random random_;
  std::optional<Bytes> kept_;
};

}  // namespace gensetd::simulator
