#pragma once

#include "reading/reading.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace gensetd::redis {

// Keys and channels of one daemon in Redis: those of the specification, prefixed with REDIS_PREFIX.
struct KeyNames {
  explicit KeyNames(std::string its_prefix = {});
  std::string metrics_key(std::int64_t device_id) const;  // "device:7:metrics"

  std::string prefix;
  std::string updates_channel;  // "metrics:updates"
  std::string events_channel;   // "events:new"
};

// Appends one command in Redis' wire form (RESP): an array of strings, each with its length. Binary-safe.
void append_command(std::string& out, std::initializer_list<std::string_view> arguments);

struct ReadingCommand {
  std::chrono::seconds ttl{0};  // 0: the hash never expires
  bool clear_first = false;     // delete the hash first, with any fields that this daemon does not write
};

// Appends the transaction that stores and publishes `reading`, whose content must not be null: MULTI, [DEL],
// HSET, EXPIRE or PERSIST, PUBLISH, EXEC. Returns the number of replies to expect.
std::size_t append_reading(std::string& out, const reading::Reading& reading, const KeyNames& names,
                           ReadingCommand how);

}  // namespace gensetd::redis
