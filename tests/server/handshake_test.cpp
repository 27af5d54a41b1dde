#include "server/handshake.hpp"

#include <gtest/gtest.h>

#include <string>

namespace gensetd::server {
namespace {

constexpr std::string_view key = "dGhlIHNhbXBsZSBub25jZQ==";  // of RFC 6455, 1.3

TEST(Handshake, version_13_with_a_key_is_accepted) {
  EXPECT_FALSE(handshake_refusal({.host = "localhost", .version = "13", .key = key}));
}

TEST(Handshake, response_to_another_version_names_the_supported_one) {
  for (const char* version : {"", "8", "14", "013", "13, 8"}) {
    const auto refused = handshake_refusal({.host = "localhost", .version = version, .key = key});
    ASSERT_TRUE(refused) << version;
    EXPECT_EQ(refused->status, 426U);
    const std::pair<std::string, std::string> expected{"Sec-WebSocket-Version", "13"};
    EXPECT_EQ(refused->headers.at(0), expected);
  }
}

TEST(Handshake, needs_a_host_and_one_key_of_16_bytes) {
  const auto status = [](const Handshake& handshake) {
    const auto refused = handshake_refusal(handshake);
    return refused ? refused->status : 0U;
  };
  EXPECT_EQ(status({.host = "", .version = "13", .key = key}), 400U);
  EXPECT_EQ(status({.host = "localhost", .version = "13", .key = key, .key_count = 2}), 400U);
  for (const char* bad :
       {"", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25jZ===", "dGhlIHNhbXBsZSBub25jZQ=A",
        "dGhlIHNhbXBsZSBub25jZSE=", "dGhlIHNhbXBsZSBub25j-Q==", "dGhlIHNhbXBsZSBub25jZQ== "})
    EXPECT_EQ(status({.host = "localhost", .version = "13", .key = bad}), 400U) << bad;
}

}  // namespace
}  // namespace gensetd::server
