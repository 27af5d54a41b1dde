#include "redis/failure.hpp"

#include "redis/health.hpp"

#include <gtest/gtest.h>

namespace gensetd::redis {
namespace {

TEST(RedisFailure, error_of_one_key_keeps_the_connection_and_any_other_ends_it) {
  EXPECT_EQ(action_after_error("WRONGTYPE Operation against a key"), ErrorReplyAction::skip_key);
  EXPECT_EQ(action_after_error("ERR invalid expire time"), ErrorReplyAction::skip_key);
  for (const char* error :
       {"OOM command not allowed", "READONLY You can't write", "LOADING Redis is loading", "MISCONF Errors",
        "NOAUTH Authentication required.", "NEVERHEARD of", "ERRATIC", ""}) {
    EXPECT_EQ(action_after_error(error), ErrorReplyAction::reconnect) << error;
  }
}

TEST(RedisFailure, login_failure_never_repeats_the_text_of_redis) {
  for (const char* error :
       {"ERR unknown command 'AUTH', with args beginning with: 's3cret'", "s3cret", "WRONGPASS s3cret",
        "LOADING s3cret", "ERR s3cret without any password configured"}) {
    const RedisFailure failure = login_rejection(error);
    EXPECT_TRUE(failure) << error;
    EXPECT_EQ(failure.reason.find("s3cret"), std::string::npos) << failure.reason;
  }
}

TEST(RedisFailure, is_one_printable_line_for_any_text_of_the_peer) {
  const RedisFailure failure = rejection("access", "ERR a\r\nb\x1b[31m" + std::string(5000, 'x'));
  EXPECT_LE(failure.reason.size(), 250u);
  for (const char letter : failure.reason) EXPECT_TRUE(letter >= ' ' && letter <= '~');
}

TEST(RedisHealth, is_ok_only_when_both_connections_are_and_no_key_is_refused) {
  RedisHealth health("h:1");
  EXPECT_EQ(health.state(), "h:1: connecting");
  health.connection_ready(RedisHealth::Role::writing);
  EXPECT_FALSE(health.ok());
  health.connection_ready(RedisHealth::Role::subscribing);
  EXPECT_TRUE(health.ok());
  EXPECT_EQ(health.state(), "ok");
  health.set_key_rejected("no");
  EXPECT_FALSE(health.ok());
  EXPECT_EQ(health.state(), "h:1: no");
  health.set_key_rejected("");
  health.connection_lost(RedisHealth::Role::subscribing, {"gone"});
  EXPECT_EQ(health.state(), "h:1: gone");
}

}  // namespace
}  // namespace gensetd::redis
