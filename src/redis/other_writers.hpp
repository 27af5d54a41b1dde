#pragma once

#include "reading/reading.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace gensetd::redis {

// Devices that are polled here and of which another process publishes readings too. Such a process writes the
// same hashes, so that their values alternate. Use: note() each such message, expire() every second. A device
// counts until nothing of it was published for the quiet time. One log line when the first device begins to
// count, and one when the last one ends. One thread.
class OtherWriters {
 public:
  static constexpr std::chrono::seconds quiet_min{60};

  // `endpoint`: of Redis, for messages. `quiet`: at least quiet_min is used.
  OtherWriters(std::string endpoint, std::chrono::seconds quiet);

  // Another process has published a reading of a device that is polled here. `key`: of its hash. `epoch`:
  // what the reading names, or empty.
  void note(std::int64_t device_id, std::string_view key, std::string_view epoch, reading::SteadyTime now);
  void forget(std::int64_t device_id);  // it is not polled here any more
  void expire(reading::SteadyTime now);

  bool writes(std::int64_t device_id) const { return devices_.contains(device_id); }
  std::size_t devices() const { return devices_.size(); }
  std::uint64_t messages() const { return messages_; }
  std::string state() const;  // empty while there is none

 private:
  struct Device {
    std::string key;
    reading::SteadyTime last;
  };

  void log_end() const;

  const std::string endpoint_;
  const std::chrono::seconds quiet_;
  std::map<std::int64_t, Device> devices_;
  std::uint64_t messages_ = 0;
};

}  // namespace gensetd::redis
