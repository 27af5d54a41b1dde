#include "server/own_host_names.hpp"

#include <gtest/gtest.h>

namespace gensetd::server {
namespace {

TEST(OwnHostNames, contain_addresses_localhost_the_machine_and_hosts_of_allowed_origins) {
  const OwnHostNames names("Plant7.Example.Net",
                           {"https://panel.example", "http://[fd00::1]:3000", "http://Other:81"});
  for (const char* good : {"127.0.0.1", "127.0.0.1:8010", "192.168.97.5:80", "[::1]:8010", "[::1]",
                           "[fe80::1]", "localhost", "localhost:8010", "LOCALHOST:1", "plant7.example.net",
                           "Plant7:8010", "panel.example", "panel.example:8443", "other"})
    EXPECT_TRUE(names.contains(good)) << good;
  for (const char* bad :
       {"evil.example", "evil.example:8010", "localhost.evil.example", "127.0.0.1.evil.example",
        "panel.example.evil", "x.panel.example", "plant7.example", "plant", "127.0.0.1x", "[::1",
        "[evil.example]", "[]", ":8010", " localhost", "evil.example:127.0.0.1", "2130706433", "0x7f.0.0.1"})
    EXPECT_FALSE(names.contains(bad)) << bad;
}

TEST(OwnHostNames, machine_without_a_name_adds_no_empty_name) {
  EXPECT_FALSE(OwnHostNames("", {}).contains(""));
  EXPECT_FALSE(OwnHostNames("", {}).contains(":80"));
  EXPECT_TRUE(OwnHostNames().contains("localhost"));
}

}  // namespace
}  // namespace gensetd::server
