#pragma once

#include "redis/failure.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace gensetd::redis {

// The state of the two connections, and its log lines: one when the first of them is lost, one when both work
// again, and one in between when Redis responds but refuses. One thread.
class RedisHealth {
 public:
  enum class Role { writing, subscribing };

  explicit RedisHealth(std::string endpoint) : endpoint_(std::move(endpoint)) {}

  void connection_lost(Role part, const RedisFailure& failure);
  void connection_ready(Role part);
  void set_key_rejected(std::string why);  // why a hash cannot be written; empty: all can

  bool ok() const;
  std::string state() const;  // "ok", or the endpoint and what is wrong
  std::uint64_t connections_lost() const { return connections_lost_; }  // that had worked
  const std::string& endpoint() const { return endpoint_; }

 private:
  struct ConnectionState {
    bool ok = false;
    std::string why;  // empty until the first attempt ends
  };
  bool both_ok() const { return connections_[0].ok && connections_[1].ok; }

  const std::string endpoint_;
  std::array<ConnectionState, 2> connections_;
  std::uint64_t connections_lost_ = 0;
  std::string key_rejected_;
  bool loss_logged_ = false;
  bool refusal_logged_ = false;
};

}  // namespace gensetd::redis
