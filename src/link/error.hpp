#pragma once

#include <boost/system/error_code.hpp>

namespace gensetd::link {

// What can go wrong between a request and its answer, beside what modbus::Error names.
enum class Error {
  name_not_found = 1,    // the host name has no address
  connect_timeout,       // the address did not answer within the time allowed
  connect_failed,        // refused, unreachable: the cause tells
  connection_lost,       // the peer closed or reset the connection before it answered
  no_answer,             // connected, but no answer within the time allowed
  indistinguishable,     // not asked: somebody else's answers could not be told from it
  not_repeated,          // not sent within its hold_max: its response could be mistaken for a late one
  doubtful,              // responses came, and each time something that made them doubtful
  loopback_not_allowed,  // not connected: the address is this machine itself
  address_not_allowed,   // not connected: link-local, multicast, broadcast or unspecified
  no_descriptor,         // not connected: gensetd has no file descriptor left for it
};

boost::system::error_code make_error_code(Error error);

}  // namespace gensetd::link

namespace boost::system {
template <>
struct is_error_code_enum<gensetd::link::Error> : std::true_type {};
}  // namespace boost::system
