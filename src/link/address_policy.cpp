#include "link/address_policy.hpp"

#include "link/error.hpp"

namespace gensetd::link {
namespace {

using boost::asio::ip::address;
using boost::asio::ip::address_v4;

bool is_special(const address_v4& v4) {
  const auto bytes = v4.to_bytes();
  const bool this_network = bytes[0] == 0;  // RFC 1122, 3.2.1.3; Linux connects to itself
  const bool link_local =
      bytes[0] == 169 && bytes[1] == 254;  // RFC 3927; cloud metadata services with credentials
  return this_network || link_local || v4.is_multicast() || v4 == address_v4::broadcast();
}

bool is_special(const address& address) {
  if (address.is_v4()) return is_special(address.to_v4());
  const auto v6 = address.to_v6();
  return v6.is_unspecified() || v6.is_link_local() || v6.is_multicast();
}

// ::ffff:127.0.0.1 is 127.0.0.1 to connect(2).
address unmapped(const address& given) {
  if (!given.is_v6() || !given.to_v6().is_v4_mapped()) return given;
  return boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, given.to_v6());
}

}  // namespace

boost::system::error_code AddressPolicy::refusal(const address& given) const {
  const address plain = unmapped(given);
  if (!loopback && plain.is_loopback()) return Error::loopback_not_allowed;
  if (!special && is_special(plain)) return Error::address_not_allowed;
  return {};
}

}  // namespace gensetd::link
