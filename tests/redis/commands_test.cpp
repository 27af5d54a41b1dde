#include "redis/commands.hpp"

#include "redis/sample_readings.hpp"

#include <gtest/gtest.h>

namespace gensetd::redis {
namespace {

profile::ProfilePtr two_fields() {
  auto made = std::make_shared<profile::Profile>(*genset_profile());
  made->fields.resize(2);
  made->fields[0].name = "rpm";
  made->fields[0].type = profile::Type::u16;
  made->fields[0].decimals = 0;
  made->fields[1].name = "load";
  made->fields[1].type = profile::Type::u16;
  made->fields[1].decimals = 1;
  return made;
}

const char* const hset =
    "*24\r\n$4\r\nHSET\r\n$16\r\ndevice:7:metrics\r\n"
    "$9\r\ndevice_id\r\n$1\r\n7\r\n"
    "$9\r\nsite_code\r\n$3\r\nMKZ\r\n"
    "$11\r\ndevice_type\r\n$9\r\ngenerator\r\n"
    "$9\r\ntimestamp\r\n$24\r\n2026-01-01T00:00:00.005Z\r\n"
    "$6\r\nonline\r\n$4\r\ntrue\r\n"
    "$5\r\nerror\r\n$4\r\nnull\r\n"
    "$3\r\nrpm\r\n$4\r\n1505\r\n"
    "$4\r\nload\r\n$5\r\n150.5\r\n"
    "$9\r\nlast_seen\r\n$4\r\nnull\r\n"
    "$3\r\nseq\r\n$1\r\n5\r\n"
    "$5\r\nepoch\r\n$16\r\n00000000000000e5\r\n";

std::string publish(const reading::Reading& reading) {
  return "*3\r\n$7\r\nPUBLISH\r\n$15\r\nmetrics:updates\r\n$" + std::to_string(reading.json.size()) + "\r\n" +
         reading.json + "\r\n";
}

TEST(Commands, first_reading_is_cleared_stored_expired_and_published_in_one_transaction) {
  const auto reading = sample_reading(7, 5, 1505, two_fields());
  std::string bytes;
  const std::size_t replies =
      append_reading(bytes, *reading, KeyNames(""), {.ttl = std::chrono::seconds{30}, .clear_first = true});
  EXPECT_EQ(bytes, "*1\r\n$5\r\nMULTI\r\n*2\r\n$3\r\nDEL\r\n$16\r\ndevice:7:metrics\r\n" + std::string(hset) +
                       "*3\r\n$6\r\nEXPIRE\r\n$16\r\ndevice:7:metrics\r\n$2\r\n30\r\n" + publish(*reading) +
                       "*1\r\n$4\r\nEXEC\r\n");
  EXPECT_EQ(replies, 6u);
}

TEST(Commands, reading_without_expiry_removes_an_earlier_expiry) {
  const auto reading = sample_reading(7, 5, 1505, two_fields());
  std::string bytes = "before";
  const std::size_t replies = append_reading(bytes, *reading, KeyNames(""), {});
  EXPECT_EQ(bytes, "before*1\r\n$5\r\nMULTI\r\n" + std::string(hset) +
                       "*2\r\n$7\r\nPERSIST\r\n$16\r\ndevice:7:metrics\r\n" + publish(*reading) +
                       "*1\r\n$4\r\nEXEC\r\n");
  EXPECT_EQ(replies, 5u);
}

TEST(Commands, lengths_count_bytes_and_any_byte_is_allowed) {
  std::string bytes;
  append_command(bytes, {"AUTH", "п\r\n", ""});
  EXPECT_EQ(bytes, "*3\r\n$4\r\nAUTH\r\n$4\r\nп\r\n\r\n$0\r\n\r\n");
}

TEST(KeyNames, begin_with_the_prefix) {
  const KeyNames names("site 1:");
  EXPECT_EQ(names.metrics_key(7), "site 1:device:7:metrics");
  EXPECT_EQ(names.updates_channel, "site 1:metrics:updates");
  EXPECT_EQ(names.events_channel, "site 1:events:new");
  EXPECT_EQ(KeyNames("").metrics_key(7), "device:7:metrics");
}

}  // namespace
}  // namespace gensetd::redis
