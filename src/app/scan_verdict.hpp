#pragma once

#include "poller/reader.hpp"
#include "profile/profile.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// What the answers to a scan mean. No sockets.
namespace gensetd::app {

// What came when one unit was asked for one register.
enum class Heard : std::uint8_t {
  registers,       // it is there
  refusal,         // it is there and refuses this register
  no_unit,         // a gateway speaks this protocol and has no such unit
  silence,         // or the peer closed the connection
  foreign,         // frames that answer another request: of another client of the line, or of another unit
  noise,           // bytes that are no frame, or one with a wrong CRC
  other_protocol,  // the peer speaks the other one
  nobody,          // no connection: there is no use in going on
};
Heard heard_of(const poller::ReadResult& read);

// Whether this proves that the peer speaks the protocol it was asked in.
bool is_proof_of_protocol(Heard heard);

// How sure it is that a unit has a register map, best first.
enum class Sureness : std::uint8_t {
  likely,    // values speak for it, and none against
  possible,  // little speaks for it, or something against
  unlikely,  // more speaks against it
  none,      // it does not answer, or refuses, registers of the map
};
std::string_view to_word(Sureness sureness);

// How well one register map fits what a unit answers.
struct Fit {
  std::string profile;
  Sureness sureness = Sureness::none;
  int points_for = 0;
  int points_against = 0;
  std::string why;  // one line for people

  bool operator==(const Fit&) const = default;
};

// By what reading all of the map's registers gave: all blocks must answer; then status codes must be known
// ones, frequencies those of a power system or 0, the battery's voltage that of a battery, and values within
// their limits. 'No data' speaks neither way.
Fit judge(const profile::Profile& profile, const poller::ReadResult& read);

// Best first; equal ones by name.
void rank(std::vector<Fit>& fits);

}  // namespace gensetd::app
