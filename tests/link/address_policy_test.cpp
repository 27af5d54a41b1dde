#include "link/address_policy.hpp"

#include "link/error.hpp"

#include <gtest/gtest.h>

namespace gensetd::link {
namespace {

constexpr AddressPolicy strict{.loopback = false, .special = false};
constexpr AddressPolicy with_loopback{.loopback = true, .special = false};

boost::system::error_code refusal(const AddressPolicy& policy, const char* address) {
  return policy.refusal(boost::asio::ip::make_address(address));
}

TEST(AddressPolicy, ordinary_hosts_are_allowed) {
  for (const char* address :
       {"192.168.97.10", "10.0.0.1", "1.0.0.0", "126.255.255.255", "128.0.0.1", "169.253.255.255",
        "169.255.0.0", "223.255.255.255", "2001:db8::1", "fd00::1", "::ffff:10.0.0.1"})
    EXPECT_FALSE(refusal(strict, address)) << address;
}

TEST(AddressPolicy, loopback_needs_leave) {
  for (const char* address : {"127.0.0.1", "127.255.255.254", "::1", "::ffff:127.0.0.1"}) {
    EXPECT_EQ(refusal(strict, address), Error::loopback_not_allowed) << address;
    EXPECT_FALSE(refusal(with_loopback, address)) << address;
  }
}

TEST(AddressPolicy, no_controller_has_a_special_address) {
  for (const char* address : {"0.0.0.0", "0.1.2.3", "169.254.0.1", "169.254.169.254", "224.0.0.1",
                              "239.255.255.255", "255.255.255.255", "::", "fe80::1", "febf::1", "ff02::1",
                              "::ffff:169.254.169.254", "::ffff:0.0.0.0"}) {
    EXPECT_EQ(refusal(with_loopback, address), Error::address_not_allowed) << address;
    EXPECT_FALSE(refusal({}, address)) << address << ": the technician's own command may";
  }
}

}  // namespace
}  // namespace gensetd::link
