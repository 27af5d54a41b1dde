#include "link/response_check.hpp"

#include "link/retry_policy.hpp"

#include <algorithm>

namespace gensetd::link {

ResponseCheck check_response(const PendingRequest& pending, std::span<const std::uint8_t> registers,
                             const LastValues& values) {
  const QueuedTransaction& queued = pending.queued;
  const modbus::ReadRequest& wanted = queued.transaction.request;
  const bool is_whole = registers.size() == wanted.byte_count();
  if (!pending.must_agree && is_whole && values.continues(wanted, registers)) return ResponseCheck::accepted;
  const std::size_t common = std::min(queued.unconfirmed.size(), registers.size());
  // Both begin with the first wanted register or bit.
  modbus::ReadRequest both = wanted;
  if (!is_whole) both.count = std::min(both.count, pending.request.count);
  if (queued.unconfirmed.size() != wanted.byte_count())
    both.count = std::min(both.count, queued.unconfirmed_request.count);
  // If the controller refuses the whole read between two partial ones, two parts would leave registers
  // unread.
  const bool one_is_whole = is_whole || queued.unconfirmed.size() == wanted.byte_count();
  const auto before = std::span(queued.unconfirmed).first(common);
  // A single register, or a single byte of bits, cannot be read in part.
  const bool is_other_count = pending.request.size() != queued.unconfirmed_request.size() ||
                              (wanted.size() == 1 && !pending.may_be_copy);
  const auto confirms = [&] {
    return pending.must_agree ? is_other_count && agree(both, before, registers.first(common))
                              : continues(both, before, registers.first(common));
  };
  if (common > 0 && one_is_whole && confirms()) return ResponseCheck::confirmed;
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
