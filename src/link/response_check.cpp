#include "link/response_check.hpp"

#include "link/retry_policy.hpp"

#include <algorithm>

namespace gensetd::link {

ResponseCheck check_response(const PendingRequest& pending, std::span<const std::uint8_t> registers,
                             const LastValues& values) {
  const QueuedTransaction& queued = pending.queued;
  const modbus::ReadRequest& wanted = queued.transaction.request;
  const bool is_whole = registers.size() == 2U * wanted.count;
  if (!pending.must_agree && is_whole && values.continues(wanted, registers)) return ResponseCheck::accepted;
  const std::size_t common = std::min(queued.unconfirmed.size(), registers.size());
  // If the controller refuses the whole read between two partial ones, two parts would leave registers
  // unread.
  const bool one_is_whole = is_whole || queued.unconfirmed.size() == 2U * wanted.count;
  const auto before = std::span(queued.unconfirmed).first(common);
  // A single register cannot be read with another count.
  const bool is_other_count = pending.request.count != queued.unconfirmed_request.count || wanted.count == 1;
  const bool agrees = pending.must_agree ? is_other_count && agree(before, registers.first(common))
                                         : continues(before, registers.first(common));
  if (common > 0 && one_is_whole && agrees) return ResponseCheck::confirmed;
  // So many different responses in a row, to requests with different counts, come from an engine that starts.
  if (!pending.must_agree && is_whole && queued.confirmations >= confirmations_max)
    return ResponseCheck::accepted;
  return ResponseCheck::unconfirmed;
}

void remember_unconfirmed(PendingRequest& pending, std::size_t fingerprint,
                          std::span<const std::uint8_t> registers, SteadyTime now) {
  QueuedTransaction& queued = pending.queued;
  ++queued.confirmations;
  queued.unconfirmed.assign(registers.begin(), registers.end());
  queued.unconfirmed_request = pending.request;
  queued.unconfirmed_fingerprint = fingerprint;
  queued.unconfirmed_at = now;
}

}  // namespace gensetd::link
