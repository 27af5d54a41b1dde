#pragma once

#include "api/api_services.hpp"
#include "poller/connection_test.hpp"

#include <utility>

namespace gensetd::daemon {

// The result of a connection test in the form that the API uses.
inline api::ProbeResult probe_result_of(poller::ConnectionTestResult probed) {
  using profile::IdentityVerdict;
  api::ProbeResult result{.error = std::move(probed.error),
                          .latency = probed.latency,
                          .address = probed.address,
                          .raw_value = probed.raw_value,
                          .firmware = std::move(probed.controller.firmware)};
  if (!probed.controller.identity) return result;
  const IdentityVerdict verdict = probed.controller.identity->verdict;
  if (verdict == IdentityVerdict::match) result.identity = "likely";
  if (verdict == IdentityVerdict::mismatch || verdict == IdentityVerdict::refused)
    result.identity = "unlikely";
  result.identity_reason = std::move(probed.controller.identity->reason);
  return result;
}

}  // namespace gensetd::daemon
