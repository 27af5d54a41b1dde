#include "redis/failure.hpp"

#include "redis/health.hpp"

#include <gtest/gtest.h>

namespace gensetd::redis {
namespace {

TEST(Failure, of_one_key_leaves_the_connection_and_any_other_ends_it) {
  EXPECT_EQ(next_step("WRONGTYPE Operation against a key"), NextStep::skip_key);
  EXPECT_EQ(next_step("ERR invalid expire time"), NextStep::skip_key);
  for (const char* error :
       {"OOM command not allowed", "READONLY You can't write", "LOADING Redis is loading", "MISCONF Errors",
        "NOAUTH Authentication required.", "NEVERHEARD of", "ERRATIC", ""}) {
    EXPECT_EQ(next_step(error), NextStep::reconnect) << error;
  }
}

TEST(Failure, of_login_never_repeats_what_redis_quotes) {
  for (const char* error :
       {"ERR unknown command 'AUTH', with args beginning with: 's3cret'", "s3cret", "WRONGPASS s3cret",
        "LOADING s3cret", "ERR s3cret without any password configured"}) {
    const Failure failure = login_refusal(error);
    EXPECT_TRUE(failure) << error;
    EXPECT_EQ(failure.why.find("s3cret"), std::string::npos) << failure.why;
  }
}

TEST(Failure, is_one_printable_line_whatever_the_peer_says) {
  const Failure failure = refusal("access", "ERR a\r\nb\x1b[31m" + std::string(5000, 'x'));
  EXPECT_LE(failure.why.size(), 250u);
  for (const char letter : failure.why) EXPECT_TRUE(letter >= ' ' && letter <= '~');
}

TEST(Health, is_ok_only_when_both_connections_are_and_no_key_is_refused) {
  Health health("h:1");
  EXPECT_EQ(health.state(), "h:1: connecting");
  health.returned(Health::Part::writing);
  EXPECT_FALSE(health.ok());
  health.returned(Health::Part::subscribing);
  EXPECT_TRUE(health.ok());
  EXPECT_EQ(health.state(), "ok");
  health.set_key_refused("no");
  EXPECT_FALSE(health.ok());
  EXPECT_EQ(health.state(), "h:1: no");
  health.set_key_refused("");
  health.lost(Health::Part::subscribing, {"gone"});
  EXPECT_EQ(health.state(), "h:1: gone");
}

}  // namespace
}  // namespace gensetd::redis
