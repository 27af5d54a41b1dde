#pragma once

#include "simulator/options.hpp"
#include "simulator/random.hpp"
#include "simulator/responder.hpp"

#include <cstdint>
#include <optional>
#include <utility>

namespace gensetd::simulator {

// Responses that are one request late (field notes, 21, 22). From some request on, each request gets the
// response to the previous one. A single device keeps the header of the late response; a gateway replaces its
// transaction id and unit id by those of the new request.
class ResponseLag {
 public:
  explicit ResponseLag(std::uint64_t seed) : random_(seed) {}

  // The bytes to send when `response` is due; empty: none. The seed determines which response is the first
  // late one.
  std::optional<Bytes> next(Bytes response, const ResponseLagOptions& plan, bool rtu) {
    const bool start_chance = random_.chance(plan.start_chance);
    const bool end_chance = random_.chance(plan.end_chance);
    if (withheld_ && end_chance) withheld_.reset();
    if (!withheld_) {
      if (!start_chance) return response;
      withheld_ = std::move(response);
      return std::nullopt;
    }
    Bytes late = *std::exchange(withheld_, std::move(response));
    if (plan.renumbered) renumber(late, *withheld_, rtu);
    return late;
  }

 private:
  // Does nothing on RTU: there is no transaction id, and the CRC covers the unit id.
  static void renumber(Bytes& late, const Bytes& due, bool rtu) {
    constexpr std::size_t unit_at = 6;
    if (rtu || late.size() <= unit_at || due.size() <= unit_at) return;
    late[0] = due[0];
    late[1] = due[1];
    late[unit_at] = due[unit_at];
  }

  Random random_;
  std::optional<Bytes> withheld_;
};

}  // namespace gensetd::simulator
