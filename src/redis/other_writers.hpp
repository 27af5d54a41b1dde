#pragma once

#include "reading/reading.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace gensetd::redis {

// Devices that are polled here and of which another process publishes readings too. That process writes the
// same hashes, so their values alternate. Use: add_message() for each such message, expire() every second. A
// device is removed when no message about it arrived for the quiet time. There is one log line when the first
// device is added and one when the last one is removed. One thread.
class OtherWriters {
 public:
  static constexpr std::chrono::seconds quiet_min{60};

  // `endpoint`: of Redis, for messages. `quiet`: the quiet time; at least quiet_min is used.
  OtherWriters(std::string endpoint, std::chrono::seconds quiet);

  // Another process published a reading of a device that is polled here. `key`: of its hash. `epoch`: of the
  // reading, or empty.
  void add_message(std::int64_t device_id, std::string_view key, std::string_view epoch,
                   reading::SteadyTime now);
  void remove(std::int64_t device_id);  // the device is no longer polled here
  void expire(reading::SteadyTime now);

  bool writes(std::int64_t device_id) const { return devices_.contains(device_id); }
  std::size_t devices() const { return devices_.size(); }
  std::uint64_t messages() const { return messages_; }
  std::string state() const;  // one line for people; empty without such devices

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
