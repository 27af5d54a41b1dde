#include "redis/publisher.hpp"

#include "redis/commands.hpp"
#include "redis/sample_readings.hpp"

#include <gtest/gtest.h>

namespace gensetd::redis {
namespace {

// A publisher whose Redis is the test.
class PublisherTest : public testing::Test {
 protected:
  PublisherTest() {
    health->connection_ready(RedisHealth::Role::subscribing);
    publisher.start();
  }

  std::string sent() {
    std::string outgoing;
    publisher.append_commands(outgoing);
    return outgoing;
  }

  static std::string transaction(const reading::Reading& reading, bool clear_first) {
    std::string bytes;
    append_reading(bytes, reading, KeyNames("p:"), {.ttl = ttl, .clear_first = clear_first});
    return bytes;
  }
  static std::string removal(std::int64_t device_id) {
    std::string bytes;
    append_command(bytes, {"DEL", "p:device:" + std::to_string(device_id) + ":metrics"});
    return bytes;
  }

  RedisMetrics counted() const {
    RedisMetrics metrics;
    publisher.add_to(metrics);
    return metrics;
  }

  RedisFailure handle_reply(RedisReply::Type type, std::string text = {}) {
    RedisReply reply{.type = type, .text = std::move(text), .integer = 1, .elements = {}};
    return publisher.handle_reply(reply);
  }
  // Passes the replies to a successful transaction; `last` is the reply to EXEC.
  RedisFailure take_transaction(bool cleared,
                                RedisReply last = {
                                    .type = RedisReply::Type::array, .text = {}, .elements = {}}) {
    for (int index = cleared ? 0 : 1; index < 5; ++index)
      EXPECT_FALSE(handle_reply(RedisReply::Type::status, "QUEUED"));
    return publisher.handle_reply(last);
  }
  static RedisReply exec_with(const char* error) {
    RedisReply last{.type = RedisReply::Type::array, .text = {}, .elements = {}};
    last.elements.resize(3);
    last.elements[1] = {.type = RedisReply::Type::error, .text = error, .elements = {}};
    return last;
  }

  static constexpr std::chrono::seconds ttl{30};
  live::Hub hub;
  std::shared_ptr<RedisHealth> health = std::make_shared<RedisHealth>("test:1");
  std::shared_ptr<OtherWriters> others = std::make_shared<OtherWriters>("test:1", std::chrono::seconds{30});
  Publisher publisher{hub, health, others, KeyNames("p:"), [](std::int64_t) { return ttl; }};
};

TEST_F(PublisherTest, clears_a_hash_once_per_connection_and_when_the_profile_changes) {
  publisher.opened();
  const auto other_profile = std::make_shared<profile::Profile>(*genset_profile());
  const auto first = sample_reading(1, 1);
  const auto second = sample_reading(1, 2);
  const auto third = sample_reading(1, 3, 1, other_profile);
  hub.publish(first);
  EXPECT_EQ(sent(), transaction(*first, true));
  hub.publish(second);
  EXPECT_EQ(sent(), transaction(*second, false));
  hub.publish(third);
  EXPECT_EQ(sent(), transaction(*third, true));
  publisher.closed();
  publisher.opened();
  EXPECT_EQ(sent(), transaction(*third, true));
}

TEST_F(PublisherTest, holds_only_the_newest_reading_of_each_device_without_connection) {
  for (int at = 1; at <= 1000; ++at) {
    hub.publish(sample_reading(1, at));
    hub.publish(sample_reading(2, at));
  }
  publisher.opened();
  EXPECT_EQ(sent(), transaction(*hub.newest(1), true) + transaction(*hub.newest(2), true));
  EXPECT_EQ(sent(), "");
}

TEST_F(PublisherTest, publishes_events_only_while_connected_and_queues_a_limited_number) {
  publisher.publish_event("{}");
  EXPECT_EQ(counted().events_dropped, 1U);
  publisher.opened();
  publisher.publish_event(R"({"id":1})");
  std::string expected;
  append_command(expected, {"PUBLISH", "p:events:new", R"({"id":1})"});
  EXPECT_EQ(sent(), expected);
  EXPECT_FALSE(publisher.is_idle());
  EXPECT_FALSE(handle_reply(RedisReply::Type::integer));
  EXPECT_TRUE(publisher.is_idle());
  for (std::size_t count = 0; count < Publisher::events_max + 7; ++count) publisher.publish_event("{}");
  EXPECT_EQ(counted().events_dropped, 8U);
  publisher.closed();
  publisher.opened();
  EXPECT_EQ(sent(), "");
}

TEST_F(PublisherTest, neither_writes_nor_deletes_readings_of_another_process) {
  publisher.opened();
  auto foreign = std::make_shared<reading::Reading>();
  foreign->device_id = 9;
  foreign->timestamp = reading::Timestamp{std::chrono::milliseconds{5}};
  hub.publish(foreign);
  EXPECT_EQ(sent(), "");
  hub.remove(9);
  EXPECT_EQ(sent(), "");
}

TEST_F(PublisherTest, keeps_the_key_of_a_removed_device_that_another_process_writes_too) {
  publisher.opened();
  hub.publish(sample_reading(1, 1));
  sent();
  others->add_message(1, "p:device:1:metrics", "another", {});
  hub.remove(1);
  EXPECT_EQ(sent(), "");
  EXPECT_TRUE(hub.all().empty());
}

TEST_F(PublisherTest, replaces_the_whole_hash_while_another_process_writes_it_too) {
  publisher.opened();
  hub.publish(sample_reading(1, 1));
  sent();
  others->add_message(1, "p:device:1:metrics", "another", {});
  for (int at = 2; at < 5; ++at) {
    hub.publish(sample_reading(1, at));
    EXPECT_EQ(sent(), transaction(*hub.newest(1), true));
  }
  others->remove(1);
  hub.publish(sample_reading(1, 5));
  EXPECT_EQ(sent(), transaction(*hub.newest(1), false));
}

// What other processes had published of a device before it was registered here.
TEST_F(PublisherTest, replaces_the_hash_of_another_process_when_the_device_is_polled_here) {
  publisher.opened();
  auto foreign = std::make_shared<reading::Reading>();
  foreign->device_id = 1;
  foreign->timestamp = sample_reading(1, 1)->timestamp + std::chrono::hours{20};
  foreign->at = reading::SteadyTime::max();
  hub.publish(foreign);
  hub.claim(1);
  EXPECT_EQ(sent(), "") << "nothing is known yet";
  hub.publish(sample_reading(1, 1));
  EXPECT_EQ(sent(), transaction(*hub.newest(1), true));
}

TEST_F(PublisherTest, deletes_a_removed_device_after_its_pending_reading) {
  publisher.opened();
  const auto reading = sample_reading(1, 1);
  hub.publish(reading);
  EXPECT_EQ(sent(), transaction(*reading, true));
  hub.remove(1);
  EXPECT_EQ(sent(), removal(1));
  EXPECT_FALSE(take_transaction(true));
  EXPECT_FALSE(publisher.is_idle());
  EXPECT_FALSE(handle_reply(RedisReply::Type::integer));
  EXPECT_TRUE(publisher.is_idle());
}

TEST_F(PublisherTest, writes_a_recreated_device_after_its_removal) {
  publisher.opened();
  hub.publish(sample_reading(1, 1));
  hub.remove(1);
  const auto again = sample_reading(1, 2);
  hub.publish(again);
  EXPECT_EQ(sent(), transaction(*again, true));
  hub.remove(1);
  EXPECT_EQ(sent(), removal(1));
  const auto third = sample_reading(1, 3);
  hub.publish(third);
  EXPECT_EQ(sent(), transaction(*third, true));
}

TEST_F(PublisherTest, repeats_a_removal_without_reply_unless_the_device_exists_again) {
  publisher.opened();
  hub.publish(sample_reading(1, 1));
  hub.publish(sample_reading(2, 1));
  hub.remove(1);
  hub.remove(2);
  EXPECT_EQ(sent(), removal(1) + removal(2));
  const auto again = sample_reading(2, 2);
  hub.publish(again);
  publisher.closed();
  publisher.opened();
  EXPECT_EQ(sent(), removal(1) + transaction(*again, true));
}

TEST_F(PublisherTest, keeps_a_removal_that_redis_refused_for_the_next_connection) {
  publisher.opened();
  hub.publish(sample_reading(1, 1));
  hub.remove(1);
  EXPECT_EQ(sent(), removal(1));
  EXPECT_TRUE(handle_reply(RedisReply::Type::error, "READONLY You can't write against a read only replica."));
  publisher.closed();
  publisher.opened();
  EXPECT_EQ(sent(), removal(1));
}

TEST_F(PublisherTest, limits_the_number_of_pending_transactions) {
  for (int id = 1; id <= 1000; ++id) hub.publish(sample_reading(id, 1));
  publisher.opened();
  std::size_t batches = 0;
  while (!sent().empty()) ++batches;
  EXPECT_EQ(batches, Publisher::pending_max / Publisher::batch_max);
  int woken = 0;
  publisher.wake = [&] { ++woken; };
  EXPECT_FALSE(take_transaction(true));
  EXPECT_EQ(woken, 1);
  EXPECT_EQ(sent(), transaction(*hub.newest(257), true));
  EXPECT_EQ(sent(), "");
}

TEST_F(PublisherTest, continues_after_an_error_of_one_key_and_rewrites_that_key) {
  publisher.opened();
  const auto first = sample_reading(1, 1);
  hub.publish(first);
  sent();
  EXPECT_FALSE(take_transaction(true));
  EXPECT_TRUE(health->ok());

  hub.publish(sample_reading(1, 2));
  sent();
  EXPECT_FALSE(take_transaction(false, exec_with("WRONGTYPE Operation against a key")));
  EXPECT_FALSE(health->ok());
  EXPECT_NE(health->state().find("device:1:metrics"), std::string::npos) << health->state();

  const auto third = sample_reading(1, 3);
  hub.publish(third);
  EXPECT_EQ(sent(), transaction(*third, true)) << "the foreign key is deleted";
  EXPECT_FALSE(take_transaction(true));
  EXPECT_TRUE(health->ok());
}

TEST_F(PublisherTest, is_healthy_again_when_the_device_with_the_refused_key_is_removed) {
  publisher.opened();
  hub.publish(sample_reading(1, 1));
  sent();
  EXPECT_FALSE(take_transaction(true, exec_with("WRONGTYPE x")));
  EXPECT_FALSE(health->ok());
  hub.remove(1);
  EXPECT_TRUE(health->ok());
}

TEST_F(PublisherTest, ends_the_connection_when_an_error_concerns_all_keys) {
  for (const char* error : {"OOM command not allowed when used memory > 'maxmemory'.", "READONLY x",
                            "LOADING x", "MISCONF x", "NOAUTH x"}) {
    publisher.opened();
    hub.publish(sample_reading(1, 1));
    sent();
    EXPECT_FALSE(handle_reply(RedisReply::Type::status, "OK"));
    EXPECT_FALSE(handle_reply(RedisReply::Type::integer, "QUEUED"));
    EXPECT_FALSE(handle_reply(RedisReply::Type::error, error));
    for (int index = 0; index < 2; ++index) EXPECT_FALSE(handle_reply(RedisReply::Type::status, "QUEUED"));
    const RedisFailure failure = handle_reply(RedisReply::Type::error, "EXECABORT Transaction discarded");
    EXPECT_TRUE(failure);
    EXPECT_NE(failure.reason.find(std::string(error).substr(0, 6)), std::string::npos) << failure.reason;
    EXPECT_FALSE(health->ok());
    publisher.closed();
  }
}

TEST_F(PublisherTest, reports_the_connection_only_after_redis_accepted_a_reading) {
  hub.publish(sample_reading(1, 1));
  publisher.opened();
  sent();
  EXPECT_FALSE(health->ok());
  EXPECT_FALSE(take_transaction(true));
  EXPECT_TRUE(health->ok());
}

TEST_F(PublisherTest, rejects_a_reply_without_a_pending_command) {
  publisher.opened();
  EXPECT_TRUE(handle_reply(RedisReply::Type::status, "OK"));
}

TEST_F(PublisherTest, does_not_use_the_hub_after_detach) {
  publisher.opened();
  publisher.detach();
  hub.publish(sample_reading(1, 1));
  EXPECT_EQ(sent(), "");
}

}  // namespace
}  // namespace gensetd::redis
