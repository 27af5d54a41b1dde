#include "redis/subscriber.hpp"

#include "live/hub.hpp"
#include "reading/reading.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>

namespace gensetd::redis {
namespace {

using std::chrono::hours;

// Whether a message with that timestamp reaches the hub.
bool is_taken(const std::string& timestamp) {
  live::Hub hub;
  Subscriber subscriber(hub, std::make_shared<Health>("here:6379"),
                        [](const reading::Reading&) { return false; });
  Reply message{.type = Reply::Type::array};
  for (const std::string& text :
       {std::string{"message"}, std::string{"metrics:updates"},
        R"({"device_id":9,"site_code":"YKZ","device_type":"ats","timestamp":")" + timestamp + "\"}"})
    message.elements.push_back({.type = Reply::Type::text, .text = text});
  EXPECT_FALSE(subscriber.take(message));
  return hub.newest(9) != nullptr;
}

std::string in(hours time) {
  return reading::print_timestamp(
      std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now() + time));
}

TEST(Subscriber, takes_no_reading_from_more_than_a_day_ahead) {
  EXPECT_TRUE(is_taken(in(hours{0})));
  EXPECT_TRUE(is_taken(in(hours{23})));
  EXPECT_FALSE(is_taken(in(hours{25})));
}

// Nanoseconds since 1970 in 64 bits are of the years 1677 to 2262 only.
TEST(Subscriber, knows_every_year_from_its_neighbours) {
  for (const char* past :
       {"0001-01-01T00:00:00.000Z", "1013-02-17T14:30:00.123Z", "1677-01-01T00:00:00.000Z"})
    EXPECT_TRUE(is_taken(past)) << past;
  for (const char* ahead :
       {"2261-01-01T00:00:00.000Z", "2263-01-01T00:00:00.000Z", "2600-01-01T00:00:00.000Z",
        "3000-01-01T00:00:00.000Z", "9999-12-31T23:59:59.999Z"})
    EXPECT_FALSE(is_taken(ahead)) << ahead;
}

}  // namespace
}  // namespace gensetd::redis
