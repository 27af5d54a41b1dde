#pragma once

#include "link/conversation_state.hpp"

#include <boost/container_hash/hash.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

// Whether a response with the right unit id and register count may be accepted, by comparing its registers
// with the last values and with the unconfirmed response before it.
namespace gensetd::link {

enum class ResponseCheck : std::uint8_t {
  accepted,     // it continues the last values, or too many responses in a row differed
  confirmed,    // it continues, or agrees with, the unconfirmed response before it
  unconfirmed,  // it needs a second response with another register count
};

// Checks `registers`: the wanted registers, or the first of them when the request was for a part. Of two
// responses that confirm each other, at least one must cover all wanted registers.
ResponseCheck check_response(const PendingRequest& pending, std::span<const std::uint8_t> registers,
                             const LastValues& values);

// Stores an unconfirmed response, for comparison with the next one.
void remember_unconfirmed(PendingRequest& pending, std::size_t fingerprint,
                          std::span<const std::uint8_t> registers, SteadyTime now);

// A hash of all registers of a response. CRCs of different responses are equal too often.
inline std::size_t fingerprint_of(std::span<const std::uint8_t> registers) {
  return boost::hash_range(registers.begin(), registers.end());
}

}  // namespace gensetd::link
