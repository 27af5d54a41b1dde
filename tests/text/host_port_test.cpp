#include "text/host_port.hpp"

#include <gtest/gtest.h>

namespace gensetd::text {
namespace {

TEST(HostPort, ipv6_addresses_are_printed_in_brackets) {
  EXPECT_EQ(print_host_port("plc1", 502), "plc1:502");
  EXPECT_EQ(print_host_port("10.0.0.1", 65'535), "10.0.0.1:65535");
  EXPECT_EQ(print_host_port("fe80::1", 502), "[fe80::1]:502");
}

TEST(HostPort, ports_are_1_to_65535_and_nothing_else) {
  EXPECT_EQ(parse_port("1"), 1);
  EXPECT_EQ(parse_port("65535"), 65'535);
  for (const char* bad : {"", "0", "-1", "+1", "65536", "66038", "131038", "502 ", " 502", "5o2", "0x1f6"})
    EXPECT_EQ(parse_port(bad), std::nullopt) << bad;
}

}  // namespace
}  // namespace gensetd::text
