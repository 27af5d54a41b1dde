#pragma once

#include "poller/reader.hpp"
#include "profile/identity.hpp"
#include "profile/profile.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// Evaluates the responses to a scan. No sockets.
namespace gensetd::poller {

// The outcome of a request for one register of a unit.
enum class ProbeOutcome : std::uint8_t {
  registers,         // the unit responds
  exception,         // the unit responds and refuses this register
  unit_unavailable,  // a gateway uses this protocol and cannot reach such a unit
  no_response,       // or the peer closed the connection
  foreign_frames,    // only foreign frames: of another client of the line, or of another unit
  invalid_bytes,     // bytes that are not a frame, or a frame with a wrong CRC
  other_protocol,    // the peer uses the other protocol
  no_connection,     // no connection: the scan cannot continue
};
ProbeOutcome outcome_of(const ReadResult& read);

// Whether this proves that the peer uses the protocol of the request.
bool proves_protocol(ProbeOutcome outcome);

// How certain it is that a unit has a register map, best first.
enum class MatchConfidence : std::uint8_t {
  likely,    // it has the map's identity, or values support it and none contradicts it
  possible,  // little supports it, or something contradicts it
  unlikely,  // it has another identity, or more contradicts it than supports it
  no_match,  // the unit does not respond to, or refuses, registers of the map
};
std::string_view to_word(MatchConfidence confidence);

// How well one register map fits the responses of a unit.
struct ProfileMatch {
  std::string profile;
  MatchConfidence confidence = MatchConfidence::no_match;
  int supporting_points = 0;
  int contradicting_points = 0;
  std::string why;           // one line for people
  bool by_identity = false;  // registers that tell the model decided, not values
  std::string firmware;      // empty: unknown

  bool operator==(const ProfileMatch&) const = default;
};

// Evaluates a read of all registers of the map. The unit must respond to all blocks. Then codes must be
// known, frequencies those of a power system or 0, the battery voltage that of a battery, and values within
// their limits. "No data" is no evidence.
ProfileMatch match_profile(const profile::Profile& profile, const ReadResult& read);

// A map of another model: its registers were not read, except those that tell the model.
ProfileMatch match_without_values(const profile::Profile& profile, const profile::Identity& identity);

// The unit has the identity of the map, which counts more than what its values may mean.
void confirm_by_identity(ProfileMatch& match, const profile::Identity& identity);

void add_firmware(ProfileMatch& match, std::string firmware);

// Best first, those with the map's identity before all others; equal matches by name.
void sort_matches(std::vector<ProfileMatch>& matches);

}  // namespace gensetd::poller
