#include "http/access.hpp"

#include <gtest/gtest.h>

namespace gensetd::http {
namespace {

const Access with_token{.api_token = "s3cret/+", .allowed_origins = {"https://panel.example"}};

TEST(Access, without_a_token_set_everybody_may) { EXPECT_TRUE(Access{}.has_token({})); }

TEST(Access, bearer_token_must_be_equal) {
  EXPECT_TRUE(with_token.has_token({.authorization = "Bearer s3cret/+"}));
  for (const char* bad : {"", "Bearer", "Bearer ", "Bearer s3cret/", "Bearer s3cret/+s3cret/+",
                          "bearer s3cret/+", "Bearer  s3cret/+", "s3cret/+", "Bearer S3cret/+"})
    EXPECT_FALSE(with_token.has_token({.authorization = bad})) << bad;
}

TEST(Access, subprotocol_carries_the_token_in_base64url) {
  EXPECT_TRUE(with_token.has_token({.subprotocols = "gensetd, gensetd.token.czNjcmV0Lys"}));
  EXPECT_TRUE((Access{.api_token = "\xff\xfe"}.has_token({.subprotocols = "gensetd.token.__4"})));
  for (const char* bad : {"gensetd", "gensetd.token.", "gensetd.token.czNjcmV0Lyt", "czNjcmV0Lys"})
    EXPECT_FALSE(with_token.has_token({.subprotocols = bad})) << bad;
}

TEST(Access, origins) {
  struct Row {
    const char* origin;
    const char* host;
    bool allowed;
  };
  for (const Row& row :
       {Row{"", "a:1", true}, Row{"http://a:1", "a:1", true}, Row{"https://a:1", "a:1", true},
        Row{"http://a:2", "a:1", false}, Row{"http://a", "a:1", false}, Row{"null", "a:1", false},
        Row{"http://", "", false}, Row{"a:1", "a:1", false}, Row{"https://panel.example", "a:1", true},
        Row{"https://panel.example.evil", "a:1", false}}) {
    EXPECT_EQ(with_token.origin_is_allowed({.origin = row.origin, .host = row.host}), row.allowed)
        << row.origin;
  }
}

TEST(Access, subprotocol_lists) {
  EXPECT_TRUE(offers_subprotocol("a, gensetd ,b", "gensetd"));
  EXPECT_FALSE(offers_subprotocol("gensetd2", "gensetd"));
  EXPECT_FALSE(offers_subprotocol("", "gensetd"));
}

}  // namespace
}  // namespace gensetd::http
