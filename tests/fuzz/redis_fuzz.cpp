#include "check.hpp"
#include "live/hub.hpp"
#include "redis/reply.hpp"
#include "redis/subscriber.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

using namespace gensetd;
using redis::ReplyReader;

namespace {

struct Received {
  std::size_t replies = 0;
  std::vector<std::string> readings;  // the newest of each device
  bool operator==(const Received&) const = default;
};

// The readings that a subscriber accepts from the bytes in pieces of that length.
Received receive(std::string_view bytes, std::size_t piece) {
  live::Hub hub;
  const auto health = std::make_shared<redis::RedisHealth>("127.0.0.1:6379");
  const auto others = std::make_shared<redis::OtherWriters>("127.0.0.1:6379", std::chrono::seconds{30});
  redis::Subscriber subscriber(hub, health, others, redis::KeyNames(""), 0);
  subscriber.opened();
  Received received;
  ReplyReader reader;
  while (!bytes.empty()) {
    reader.feed(bytes.substr(0, piece));
    bytes.remove_prefix(std::min(piece, bytes.size()));
    redis::RedisReply reply;
    ReplyReader::Next next = reader.next(reply);
    for (; next == ReplyReader::Next::complete; next = reader.next(reply)) {
      ++received.replies;
      check(reply.type != redis::RedisReply::Type::error || redis::first_error(reply) == reply.text);
      subscriber.handle_reply(reply);
    }
    if (next == ReplyReader::Next::broken) break;
  }
  for (const auto& reading : hub.all()) {
    check(reading->json.size() <= reading::foreign_json_max && !reading->content);
    received.readings.push_back(reading->json);
  }
  return received;
}

}  // namespace

// Published readings reach the hub with unchanged bytes, and identically whether they arrive at once or in
// pieces; the first byte decides the length of the pieces.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  spdlog::set_level(spdlog::level::off);
  const std::string_view bytes{reinterpret_cast<const char*>(data), size};
  const std::size_t piece = size > 0 ? data[0] % 16 + 1U : 1;
  check(receive(bytes, std::max<std::size_t>(size, 1)) == receive(bytes, piece));
  return 0;
}
