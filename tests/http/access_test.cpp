#include "http/access.hpp"

#include <gtest/gtest.h>

namespace gensetd::http {
namespace {

const Access with_token{.api_token = "s3cret/+", .allowed_origins = {"https://panel.example"}};

TEST(Access, without_a_token_set_everybody_may) {
  EXPECT_EQ(Access{}.role_of({}), Role::administrator);
  EXPECT_EQ(Access{}.role_of({.authorization = "Bearer any"}), Role::administrator);
}

TEST(Access, bearer_token_must_be_equal) {
  EXPECT_EQ(with_token.role_of({.authorization = "Bearer s3cret/+"}), Role::administrator);
  for (const char* bad : {"", "Bearer", "Bearer ", "Bearer s3cret/", "Bearer s3cret/+s3cret/+",
                          "bearer s3cret/+", "Bearer  s3cret/+", "s3cret/+", "Bearer S3cret/+"})
    EXPECT_EQ(with_token.role_of({.authorization = bad}), Role::nobody) << bad;
}

TEST(Access, subprotocol_carries_the_token_in_base64url) {
  EXPECT_EQ(with_token.role_of({.subprotocols = "gensetd, gensetd.token.czNjcmV0Lys"}), Role::administrator);
  EXPECT_EQ((Access{.api_token = "\xff\xfe"}.role_of({.subprotocols = "gensetd.token.__4"})),
            Role::administrator);
  for (const char* bad : {"gensetd", "gensetd.token.", "gensetd.token.czNjcmV0Lyt", "czNjcmV0Lys"})
    EXPECT_EQ(with_token.role_of({.subprotocols = bad}), Role::nobody) << bad;
}

TEST(Access, read_token_makes_a_reader) {
  const Access two{.api_token = "all", .read_token = "see"};
  EXPECT_EQ(two.role_of({.authorization = "Bearer all"}), Role::administrator);
  EXPECT_EQ(two.role_of({.authorization = "Bearer see"}), Role::reader);
  EXPECT_EQ(two.role_of({.subprotocols = "gensetd.token.c2Vl"}), Role::reader);
  for (const char* bad : {"Bearer ", "Bearer", "", "Bearer allsee", "Bearer se"})
    EXPECT_EQ(two.role_of({.authorization = bad}), Role::nobody) << bad;
  EXPECT_EQ(with_token.role_of({.authorization = "Bearer "}), Role::nobody) << "an empty READ_TOKEN is none";
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

TEST(Access, foreign_host_is_trusted_only_with_a_token_in_the_way) {
  EXPECT_FALSE(Access{}.host_is_trusted({.host = "evil.example"}));
  EXPECT_TRUE(Access{}.host_is_trusted({.host = "localhost:8010"}));
  EXPECT_TRUE(Access{}.host_is_trusted({})) << "no browser leaves it out";
  EXPECT_TRUE(with_token.host_is_trusted({.host = "evil.example"}));
}

TEST(Access, subprotocol_lists) {
  EXPECT_TRUE(offers_subprotocol("a, gensetd ,b", "gensetd"));
  EXPECT_FALSE(offers_subprotocol("gensetd2", "gensetd"));
  EXPECT_FALSE(offers_subprotocol("", "gensetd"));
}

}  // namespace
}  // namespace gensetd::http
