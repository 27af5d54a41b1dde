#pragma once

#include <boost/asio/ip/address.hpp>
#include <boost/system/error_code.hpp>

namespace gensetd::link {

// Which addresses gensetd may connect to, apart from those of ordinary hosts. Applied to the resolved
// address, because a host name may resolve to any address.
struct AddressPolicy {
  bool loopback = true;  // this machine: 127.0.0.0/8, ::1
  bool special = true;   // link-local, multicast, broadcast, unspecified

  // Error::loopback_not_allowed or Error::address_not_allowed; no error if connecting is allowed.
  boost::system::error_code refusal(const boost::asio::ip::address& address) const;
};

}  // namespace gensetd::link
