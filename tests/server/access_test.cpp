#include "server/access.hpp"

#include <gtest/gtest.h>

namespace gensetd::server {
namespace {

const AccessPolicy with_token{.api_token = "s3cret/+", .allowed_origins = {"https://panel.example"}};

TEST(AccessPolicy, without_api_token_every_client_is_an_administrator) {
  EXPECT_EQ(AccessPolicy{}.role_of({}), Role::administrator);
  EXPECT_EQ(AccessPolicy{}.role_of({.authorization = "Bearer any"}), Role::administrator);
}

TEST(AccessPolicy, bearer_token_must_match_exactly) {
  EXPECT_EQ(with_token.role_of({.authorization = "Bearer s3cret/+"}), Role::administrator);
  for (const char* bad : {"", "Bearer", "Bearer ", "Bearer s3cret/", "Bearer s3cret/+s3cret/+",
                          "bearer s3cret/+", "Bearer  s3cret/+", "s3cret/+", "Bearer S3cret/+"})
    EXPECT_EQ(with_token.role_of({.authorization = bad}), Role::none) << bad;
}

TEST(AccessPolicy, subprotocol_carries_the_token_in_base64url) {
  EXPECT_EQ(with_token.role_of({.subprotocols = "gensetd, gensetd.token.czNjcmV0Lys"}), Role::administrator);
  EXPECT_EQ((AccessPolicy{.api_token = "\xff\xfe"}.role_of({.subprotocols = "gensetd.token.__4"})),
            Role::administrator);
  for (const char* bad : {"gensetd", "gensetd.token.", "gensetd.token.czNjcmV0Lyt", "czNjcmV0Lys"})
    EXPECT_EQ(with_token.role_of({.subprotocols = bad}), Role::none) << bad;
}

TEST(AccessPolicy, read_token_makes_a_reader) {
  const AccessPolicy two{.api_token = "all", .read_token = "see"};
  EXPECT_EQ(two.role_of({.authorization = "Bearer all"}), Role::administrator);
  EXPECT_EQ(two.role_of({.authorization = "Bearer see"}), Role::reader);
  EXPECT_EQ(two.role_of({.subprotocols = "gensetd.token.c2Vl"}), Role::reader);
  for (const char* bad : {"Bearer ", "Bearer", "", "Bearer allsee", "Bearer se"})
    EXPECT_EQ(two.role_of({.authorization = bad}), Role::none) << bad;
  EXPECT_EQ(with_token.role_of({.authorization = "Bearer "}), Role::none)
      << "an empty READ_TOKEN is no token";
}

TEST(AccessPolicy, origin_must_be_the_own_or_an_allowed_one) {
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
    EXPECT_EQ(with_token.is_origin_allowed({.origin = row.origin, .host = row.host}), row.allowed)
        << row.origin;
  }
}

TEST(AccessPolicy, foreign_host_is_trusted_only_with_an_api_token) {
  EXPECT_FALSE(AccessPolicy{}.is_host_trusted({.host = "evil.example"}));
  EXPECT_TRUE(AccessPolicy{}.is_host_trusted({.host = "localhost:8010"}));
  EXPECT_TRUE(AccessPolicy{}.is_host_trusted({})) << "every browser sends it";
  EXPECT_TRUE(with_token.is_host_trusted({.host = "evil.example"}));
}

TEST(AccessPolicy, subprotocol_is_found_in_a_list) {
  EXPECT_TRUE(offers_subprotocol("a, gensetd ,b", "gensetd"));
  EXPECT_FALSE(offers_subprotocol("gensetd2", "gensetd"));
  EXPECT_FALSE(offers_subprotocol("", "gensetd"));
}

}  // namespace
}  // namespace gensetd::server
