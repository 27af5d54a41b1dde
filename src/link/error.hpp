#pragma once

#include <boost/system/error_code.hpp>

namespace gensetd::link {

// Why a request has no response, in addition to modbus::ResponseError.
enum class Error {
  name_not_found = 1,  // the host name has no address
  connect_timeout,     // no connection within the timeout
  connect_failed,      // refused or unreachable: see the cause
  connection_lost,     // the peer closed or reset the connection before its response
  no_response,         // connected, but no response within the timeout
  indistinguishable,   // not sent: other masters' responses could not be distinguished from its response
  not_repeated,       // not sent within its hold_max: its response could not be distinguished from a late one
  suspect_responses,  // responses arrived, and later traffic made each of them suspect
  loopback_not_allowed,  // not connected: the address is this machine
  address_not_allowed,   // not connected: link-local, multicast, broadcast or unspecified
  no_descriptor,         // not connected: gensetd has no file descriptor left
};

boost::system::error_code make_error_code(Error error);

}  // namespace gensetd::link

namespace boost::system {
template <>
struct is_error_code_enum<gensetd::link::Error> : std::true_type {};
}  // namespace boost::system
