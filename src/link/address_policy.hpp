#pragma once

#include <boost/asio/ip/address.hpp>
#include <boost/system/error_code.hpp>

namespace gensetd::link {

// Which addresses may be connected to, beside those of ordinary hosts. Applied to the address that a
// connection goes to, so after a host name was looked up: a name may lead anywhere.
struct AddressPolicy {
  bool loopback = true;  // this machine itself: 127.0.0.0/8, ::1
  bool special = true;   // link-local, multicast, broadcast, unspecified

  // Why not to connect: Error::loopback_not_allowed or Error::address_not_allowed; none when it is allowed.
  boost::system::error_code refusal(const boost::asio::ip::address& address) const;
};

}  // namespace gensetd::link
