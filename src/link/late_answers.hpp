#pragma once

#include "modbus/read_request.hpp"

#include <chrono>
#include <vector>

namespace gensetd::link {

using SteadyTime = std::chrono::steady_clock::time_point;

// Answers that a serial line still owes us. An RTU answer carries neither a transaction id nor an address:
// one that comes after its deadline looks like the answer to any later request of equal unit and count. So no
// such request is sent before the late one can no longer come. Asking for the very same registers again is
// safe: whichever of the two answers comes, it holds these registers. Survives reconnects: the converter's
// buffers do too.
class LateAnswers {
 public:
  // Longer than any delay seen at sites, which was 'seconds' (converter buffers, other masters).
  static constexpr std::chrono::seconds possible_for{10};

  // `request`, sent by RTU, got no answer by `now`.
  void expect(const modbus::ReadRequest& request, SteadyTime now) {
    forget_old(now);
    std::erase_if(owed_, [&](const Owed& owed) { return owed.request == request; });
    owed_.push_back({request, now + possible_for});
  }

  // From when on `request` may be sent: not later than `now` when no answer owed can be mistaken for its own.
  SteadyTime safe_from(const modbus::ReadRequest& request, SteadyTime now) const {
    SteadyTime safe = now;
    for (const Owed& owed : owed_) {
      const bool looks_equal = owed.request.unit_id == request.unit_id && owed.request.count == request.count;
      if (looks_equal && owed.request.first != request.first && owed.until > safe) safe = owed.until;
    }
    return safe;
  }

  std::size_t count() const { return owed_.size(); }

 private:
  struct Owed {
    modbus::ReadRequest request;
    SteadyTime until;
  };

  void forget_old(SteadyTime now) {
    std::erase_if(owed_, [&](const Owed& owed) { return owed.until <= now; });
  }

  std::vector<Owed> owed_;  // never two of one request
};

}  // namespace gensetd::link
