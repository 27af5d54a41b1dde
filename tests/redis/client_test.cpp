#include "redis/client.hpp"

#include "redis/redis_server.hpp"
#include "redis/sample_readings.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <functional>
#include <optional>

namespace gensetd::redis {
namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;
using std::chrono::seconds;

// The clock of another process may be wrong by `age`.
std::string foreign_json(std::int64_t device_id, milliseconds age = {}) {
  const auto now = std::chrono::time_point_cast<milliseconds>(std::chrono::system_clock::now());
  return R"({"device_id":)" + std::to_string(device_id) + R"(,"site_code":"YKZ","timestamp":")" +
         reading::print_timestamp(now - age) + R"(","made_by":"another"})";
}

class ClientTest : public testing::Test {
 protected:
  void start(RedisOptions options) {
    client.emplace(context, std::move(options), hub);
    client->start();
  }
  void start() { start({.url = server.url(), .metrics_ttl = seconds{30}, .epoch = sample_epoch}); }

  // Runs until `done`; fails the test when that takes too long.
  void run_until(const std::function<bool()>& done) {
    const auto limit = std::chrono::steady_clock::now() + seconds{30};
    while (!done()) {
      ASSERT_LT(std::chrono::steady_clock::now(), limit) << "did not finish; state: " << client->state();
      context.run_one_for(milliseconds{20});
    }
  }
  void run_until_healthy() {
    run_until([&] { return client->is_healthy(); });
  }
  bool is_stored(const reading::ReadingPtr& reading) {
    return PlainClient(server.port()).hash(reading->device_id) == hash_fields(*reading);
  }

  void stop(milliseconds within) {
    bool stopped = false;
    asio::co_spawn(context, client->stop(within), [&](std::exception_ptr failed) {
      EXPECT_FALSE(failed);
      stopped = true;
    });
    run_until([&] { return stopped; });
  }

  asio::io_context context{1};
  live::Hub hub;
  RedisServer server;
  std::optional<RedisClient> client;
};

TEST_F(ClientTest, stores_every_field_of_the_message_and_nothing_else) {
  PlainClient plain(server.port());
  plain.command({"HSET", "device:1:metrics", "stale", "1"});
  start();
  const auto reading = sample_reading(1, 1, 398);
  hub.publish(reading);
  run_until([&] { return plain.hash(1) == hash_fields(*reading); });
  EXPECT_GT(hash_fields(*reading).size(), 40u);
  const long long left = plain.integer({"TTL", "device:1:metrics"});
  EXPECT_GT(left, 20);
  EXPECT_LE(left, 30);
}

TEST_F(ClientTest, publishes_exactly_the_message_and_once) {
  PlainClient listener(server.port());
  listener.command({"SUBSCRIBE", "metrics:updates"});
  start();
  run_until_healthy();
  for (int at = 1; at <= 3; ++at) {
    const auto reading = sample_reading(1, at);
    hub.publish(reading);
    run_until([&] { return is_stored(reading); });
    EXPECT_EQ(listener.message(milliseconds{900}), reading->json);
  }
  EXPECT_EQ(listener.message(milliseconds{200}), "");
}

TEST_F(ClientTest, stores_a_reading_before_its_message_arrives) {
  PlainClient listener(server.port());
  listener.command({"SUBSCRIBE", "metrics:updates"});
  PlainClient reader(server.port());
  start();
  int received = 0;
  for (int at = 1; at <= 50; ++at) {
    const auto reading = sample_reading(1, at, at);
    hub.publish(reading);
    std::string message;
    run_until([&] {
      message = listener.message(milliseconds{5});
      return !message.empty();
    });
    EXPECT_EQ(message, reading->json);
    EXPECT_EQ(reader.hash(1), hash_fields(*reading)) << "the hash is as complete as the message";
    ++received;
  }
  EXPECT_EQ(received, 50);
}

TEST_F(ClientTest, keeps_a_hash_for_at_least_three_poll_intervals_and_without_expiry_with_ttl_0) {
  PlainClient plain(server.port());
  start({.url = server.url() + "/2", .metrics_ttl = seconds{30}, .ttl_min = [](std::int64_t id) {
           return id == 1 ? seconds{300} : seconds{6};
         }});
  hub.publish(sample_reading(1, 1));
  hub.publish(sample_reading(2, 1));
  plain.command({"SELECT", "2"});
  run_until([&] { return plain.integer({"DBSIZE"}) == 2; });
  EXPECT_GT(plain.integer({"TTL", "device:1:metrics"}), 200);
  EXPECT_LE(plain.integer({"TTL", "device:2:metrics"}), 30);

  client.reset();
  start({.url = server.url() + "/2", .metrics_ttl = seconds{0}, .ttl_min = [](std::int64_t) {
           return seconds{6};
         }});
  run_until([&] { return plain.integer({"TTL", "device:1:metrics"}) == -1; });
}

TEST_F(ClientTest, rewrites_every_hash_after_a_redis_outage) {
  for (int id = 1; id <= 300; ++id) hub.publish(sample_reading(id, 1));
  start();
  run_until_healthy();
  server.kill();
  run_until([&] { return !client->is_healthy(); });
  EXPECT_NE(client->state().find("127.0.0.1:" + std::to_string(server.port())), std::string::npos);
  for (int at = 2; at < 20; ++at) hub.publish(sample_reading(7, at));
  ASSERT_TRUE(server.start());
  PlainClient plain(server.port());
  run_until([&] { return plain.integer({"DBSIZE"}) == 300; });
  run_until_healthy();
  for (int id = 1; id <= 300; ++id) ASSERT_EQ(plain.hash(id), hash_fields(*hub.newest(id))) << id;
}

TEST_F(ClientTest, starts_without_redis_and_writes_once_it_is_available) {
  server.kill();
  start();
  const auto reading = sample_reading(1, 1);
  hub.publish(reading);
  run_until([&] { return client->state().find("cannot connect") != std::string::npos; });
  ASSERT_TRUE(server.start());
  run_until([&] { return is_stored(reading); });
  run_until_healthy();
}

TEST_F(ClientTest, deletes_the_key_of_a_device_removed_before_or_during_a_redis_outage) {
  PlainClient plain(server.port());
  start();
  for (int id = 1; id <= 3; ++id) hub.publish(sample_reading(id, 1));
  run_until([&] { return plain.integer({"DBSIZE"}) == 3; });
  hub.remove(1);
  run_until([&] { return plain.integer({"EXISTS", "device:1:metrics"}) == 0; });

  // A Redis that keeps its data while this daemon cannot reach it.
  plain.command({"CONFIG", "SET", "requirepass", "another"});
  plain.command({"CLIENT", "KILL", "TYPE", "pubsub"});
  plain.command({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
  run_until([&] { return client->state().find("NOAUTH") != std::string::npos; });
  hub.remove(2);
  hub.remove(3);
  const auto again = sample_reading(3, 2);
  hub.publish(again);
  EXPECT_EQ(plain.integer({"DBSIZE"}), 2);
  plain.command({"CONFIG", "SET", "requirepass", ""});
  run_until([&] { return plain.integer({"EXISTS", "device:2:metrics"}) == 0; });
  run_until([&] { return plain.hash(3) == hash_fields(*again); });
  run_until_healthy();
}

TEST_F(ClientTest, accepts_readings_of_other_processes_except_for_own_devices) {
  hub.claim(1);
  start();
  run_until_healthy();
  PlainClient plain(server.port());
  const std::string json = foreign_json(8);
  EXPECT_EQ(plain.integer({"PUBLISH", "metrics:updates", foreign_json(1)}), 1);
  EXPECT_EQ(plain.integer({"PUBLISH", "metrics:updates", json}), 1);
  run_until([&] { return hub.newest(8) != nullptr; });
  EXPECT_EQ(hub.newest(8)->json, json);
  EXPECT_EQ(hub.newest(8)->content, nullptr);
  EXPECT_EQ(hub.newest(1), nullptr);
}

// Two daemons with the same device on one Redis.
TEST_F(ClientTest, reports_another_daemon_that_writes_the_same_hash_and_keeps_the_key) {
  start();
  live::Hub other_hub;
  RedisClient other(context, {.url = server.url(), .metrics_ttl = seconds{30}, .epoch = sample_epoch + 1},
                    other_hub);
  other.start();
  run_until([&] { return client->is_healthy() && other.is_healthy(); });
  hub.publish(sample_reading(1, 1));
  reading::Content content = *sample_reading(1, 900, 7)->content;
  content.epoch = sample_epoch + 1;
  const auto others_reading = reading::make_reading(content);
  other_hub.publish(others_reading);
  run_until([&] { return client->metrics().shared_hashes == 1 && other.metrics().shared_hashes == 1; });
  EXPECT_TRUE(client->is_healthy()) << "Redis itself works";
  EXPECT_NE(client->state().find("another process also writes device:1:metrics"), std::string::npos)
      << client->state();
  EXPECT_EQ(hub.newest(1)->seq, 1U) << "the own reading wins";
  EXPECT_EQ(other_hub.newest(1)->seq, 900U);
  run_until([&] { return is_stored(hub.newest(1)) || is_stored(others_reading); });
  hub.remove(1);
  hub.publish(sample_reading(2, 1));
  run_until([&] { return is_stored(hub.newest(2)); });
  EXPECT_EQ(PlainClient(server.port()).integer({"EXISTS", "device:1:metrics"}), 1);
}

TEST_F(ClientTest, daemons_with_different_prefixes_are_independent) {
  start({.url = server.url(), .metrics_ttl = seconds{30}, .prefix = "a:", .epoch = sample_epoch});
  live::Hub other_hub;
  RedisClient other(
      context, {.url = server.url(), .metrics_ttl = seconds{30}, .prefix = "b:", .epoch = sample_epoch + 1},
      other_hub);
  other.start();
  run_until([&] { return client->is_healthy() && other.is_healthy(); });
  hub.publish(sample_reading(1, 1));
  other_hub.publish(sample_reading(1, 2));
  other_hub.publish(sample_reading(2, 3));
  PlainClient plain(server.port());
  run_until([&] { return plain.integer({"DBSIZE"}) == 3; });
  EXPECT_EQ(plain.text({"HGET", "a:device:1:metrics", "seq"}), "1");
  EXPECT_EQ(plain.text({"HGET", "b:device:1:metrics", "seq"}), "2");
  // Each has received its own last message.
  run_until([&] { return client->metrics().received == 1 && other.metrics().received == 2; });
  EXPECT_EQ(client->state(), "ok");
  EXPECT_EQ(hub.all().size(), 1U);
  hub.remove(1);
  run_until([&] { return plain.integer({"DBSIZE"}) == 2; });
}

TEST_F(ClientTest, continues_after_invalid_messages) {
  start();
  run_until_healthy();
  PlainClient plain(server.port());
  for (const std::string& garbage :
       {std::string("{"), std::string(), std::string("\0\xff", 2), std::string("[1,2]"),
        std::string(300'000, '['), std::string(R"({"device_id":"x"})")}) {
    EXPECT_EQ(plain.integer({"PUBLISH", "metrics:updates", garbage}), 1);
  }
  EXPECT_EQ(plain.integer({"PUBLISH", "metrics:updates", foreign_json(8)}), 1);
  run_until([&] { return hub.newest(8) != nullptr; });
  EXPECT_EQ(hub.all().size(), 1u);
  EXPECT_TRUE(client->is_healthy());
}

TEST_F(ClientTest, drops_readings_that_other_processes_no_longer_publish) {
  start({.url = server.url(), .metrics_ttl = seconds{2}, .epoch = sample_epoch});
  run_until_healthy();
  hub.publish(sample_reading(1, 1));  // its own, long past: stays
  PlainClient plain(server.port());
  plain.command({"HSET", "device:8:metrics", "made_by", "another"});
  // Timestamps a minute late and an hour early: only the time of arrival counts.
  plain.command({"PUBLISH", "metrics:updates", foreign_json(8, std::chrono::minutes{1})});
  plain.command({"PUBLISH", "metrics:updates", foreign_json(9, -std::chrono::hours{1})});
  run_until([&] { return hub.newest(8) != nullptr && hub.newest(9) != nullptr; });
  const auto arrived = hub.newest(8)->at;
  run_until([&] { return hub.newest(8) == nullptr; });
  EXPECT_GE(std::chrono::steady_clock::now() - arrived, seconds{2});
  run_until([&] { return hub.newest(9) == nullptr; });
  EXPECT_NE(hub.newest(1), nullptr);
  hub.publish(sample_reading(1, 2));
  run_until([&] { return is_stored(hub.newest(1)); });
  EXPECT_EQ(plain.integer({"EXISTS", "device:8:metrics"}), 1) << "another process' key is left alone";
}

TEST_F(ClientTest, ignores_its_own_published_readings) {
  class Counter : public live::ReadingListener {
   public:
    void changed(const live::ReadingPtr&) override { ++count; }
    void removed(std::int64_t) override {}
    int count = 0;
  } counter;
  start();
  run_until_healthy();
  const auto subscription = hub.subscribe(counter);
  hub.publish(sample_reading(1, 1));
  // The message of a third process arrives after the own one on the same channel.
  run_until([&] { return is_stored(hub.newest(1)); });
  PlainClient(server.port()).command({"PUBLISH", "metrics:updates", foreign_json(8)});
  run_until([&] { return hub.newest(8) != nullptr; });
  EXPECT_EQ(counter.count, 2);
  EXPECT_NE(hub.newest(1)->content, nullptr);
}

TEST_F(ClientTest, own_late_message_does_not_create_a_foreign_device) {
  start();
  run_until_healthy();
  const auto reading = sample_reading(1, 1);
  hub.publish(reading);
  run_until([&] { return is_stored(reading); });
  hub.remove(1);
  PlainClient plain(server.port());
  plain.command({"PUBLISH", "metrics:updates", reading->json});
  plain.command({"PUBLISH", "metrics:updates", foreign_json(8)});
  run_until([&] { return hub.newest(8) != nullptr; });
  EXPECT_EQ(hub.newest(1), nullptr);
}

TEST_F(ClientTest, replaces_a_foreign_key_of_another_type) {
  PlainClient plain(server.port());
  start();
  hub.publish(sample_reading(1, 1));
  run_until([&] { return client->is_healthy() && is_stored(hub.newest(1)); });
  plain.command({"SET", "device:1:metrics", "foreign"});
  hub.publish(sample_reading(1, 2));
  run_until([&] { return client->state().find("WRONGTYPE") != std::string::npos; });
  EXPECT_FALSE(client->is_healthy());
  hub.publish(sample_reading(1, 3));
  run_until_healthy();
  EXPECT_TRUE(is_stored(hub.newest(1)));
}

TEST_F(ClientTest, reports_that_redis_is_out_of_memory_and_rewrites_all_afterwards) {
  PlainClient plain(server.port());
  start();
  run_until_healthy();
  plain.command({"CONFIG", "SET", "maxmemory", "1"});
  hub.publish(sample_reading(1, 1));
  hub.publish(sample_reading(2, 1));
  run_until([&] { return client->state().find("OOM") != std::string::npos; });
  EXPECT_FALSE(client->is_healthy());
  plain.command({"CONFIG", "SET", "maxmemory", "0"});
  run_until_healthy();
  run_until([&] { return is_stored(hub.newest(1)) && is_stored(hub.newest(2)); });
}

TEST_F(ClientTest, detects_that_redis_stops_responding_and_its_return) {
  start();
  run_until_healthy();
  server.freeze();
  hub.publish(sample_reading(1, 1));
  run_until([&] { return !client->is_healthy(); });
  EXPECT_NE(client->state().find("no "), std::string::npos) << client->state();
  server.thaw();
  run_until_healthy();
  run_until([&] { return is_stored(hub.newest(1)); });
}

TEST_F(ClientTest, detects_that_redis_stops_responding_while_nothing_is_written) {
  start();
  run_until_healthy();
  server.freeze();
  run_until([&] { return !client->is_healthy(); });
  server.thaw();
  run_until_healthy();
}

TEST_F(ClientTest, stays_healthy_through_many_pings) {
  start();
  run_until_healthy();
  bool was_unwell = false;
  const auto limit = std::chrono::steady_clock::now() + seconds{8};  // one ping and its reply
  run_until([&] {
    was_unwell = was_unwell || !client->is_healthy();
    return std::chrono::steady_clock::now() >= limit;
  });
  EXPECT_FALSE(was_unwell);
}

TEST_F(ClientTest, stop_writes_queued_readings) {
  start();
  run_until_healthy();
  for (int id = 1; id <= 500; ++id)
    hub.publish(sample_reading(id, 1, 1, genset_profile(), "gateway stopped"));
  stop(seconds{20});
  PlainClient plain(server.port());
  for (int id = 1; id <= 500; ++id) ASSERT_EQ(plain.hash(id), hash_fields(*hub.newest(id))) << id;
  hub.publish(sample_reading(501, 1));
  EXPECT_EQ(plain.integer({"DBSIZE"}), 500);
}

TEST_F(ClientTest, stop_is_bounded_when_redis_does_not_respond_and_immediate_without_connection) {
  start();
  run_until_healthy();
  server.freeze();
  hub.publish(sample_reading(1, 1));
  auto began = std::chrono::steady_clock::now();
  stop(milliseconds{300});
  EXPECT_GE(std::chrono::steady_clock::now() - began, milliseconds{300});
  server.thaw();
  server.kill();

  client.reset();
  start();
  run_until([&] { return client->state().find("cannot connect") != std::string::npos; });
  began = std::chrono::steady_clock::now();
  stop(seconds{25});
  EXPECT_LT(std::chrono::steady_clock::now() - began, seconds{10});
}

TEST_F(ClientTest, may_be_destroyed_at_any_time_without_running_the_context_again) {
  start();
  for (int steps = 0; steps < 12; ++steps) {
    asio::io_context brief{1};
    live::Hub short_lived;
    RedisClient ending(brief, {.url = server.url(), .metrics_ttl = seconds{30}}, short_lived);
    ending.start();
    short_lived.publish(sample_reading(1, steps));
    for (int step = 0; step < steps; ++step) brief.run_one_for(milliseconds{50});
  }
}

TEST_F(ClientTest, may_be_destroyed_before_the_context_ends_its_coroutines) {
  start();
  run_until_healthy();
  client.reset();
  hub.publish(sample_reading(1, 1));
  context.run_for(seconds{5});
  EXPECT_TRUE(context.stopped()) << "nothing is left to do";
  EXPECT_EQ(PlainClient(server.port()).integer({"DBSIZE"}), 0);
}

class LoginTest : public ClientTest {
 protected:
  RedisServer guarded{"s3cret"};
  std::string at_guarded() const { return "127.0.0.1:" + std::to_string(guarded.port()); }
};

TEST_F(LoginTest, logs_in_with_the_password_and_with_user_and_password) {
  for (const std::string user : {"", "default"}) {
    start({.url = "redis://" + user + ":s3cret@" + at_guarded(), .metrics_ttl = seconds{30}});
    run_until_healthy();
    client.reset();
  }
}

TEST_F(LoginTest, reports_wrong_and_missing_passwords_without_repeating_them) {
  struct Row {
    std::string login;
    const char* expected;
  };
  for (const Row& row : {Row{":wr0ng@", "WRONGPASS"}, Row{"anna:wr0ng@", "WRONGPASS"}, Row{"", "NOAUTH"}}) {
    start({.url = "redis://" + row.login + at_guarded(), .metrics_ttl = seconds{30}});
    run_until([&] { return client->state().find(row.expected) != std::string::npos; });
    EXPECT_EQ(client->state().find("wr0ng"), std::string::npos) << client->state();
    EXPECT_FALSE(client->is_healthy());
    client.reset();
  }
}

TEST_F(LoginTest, reports_an_unexpected_password_and_a_missing_database) {
  const std::string plain_at = "127.0.0.1:" + std::to_string(server.port());
  start({.url = "redis://:wr0ng@" + plain_at, .metrics_ttl = seconds{30}});
  run_until([&] { return client->state().find("has none configured") != std::string::npos; });
  client.reset();
  start({.url = "redis://" + plain_at + "/99", .metrics_ttl = seconds{30}});
  run_until([&] { return client->state().find("database 99 refused") != std::string::npos; });
}

TEST(ClientUrl, invalid_url_is_refused_at_once_without_the_password) {
  asio::io_context context;
  live::Hub hub;
  const RedisOptions options{.url = "redis://:s3cret@h/x", .metrics_ttl = seconds{30}};
  try {
    const RedisClient client(context, options, hub);
    ADD_FAILURE() << "was accepted";
  } catch (const std::runtime_error& refused) {
    EXPECT_EQ(std::string(refused.what()).find("s3cret"), std::string::npos);
  }
}

}  // namespace
}  // namespace gensetd::redis
