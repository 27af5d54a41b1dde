#pragma once

#include "redis/failure.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace gensetd::redis {

// How the two connections are, and the log lines about it: one when the first of them is lost, one when both
// are back (and one in between when Redis is reached but says no). One thread.
class Health {
 public:
  enum class Part { writing, subscribing };

  explicit Health(std::string endpoint) : endpoint_(std::move(endpoint)) {}

  void lost(Part part, const Failure& failure);
  void returned(Part part);
  void set_key_refused(std::string why);  // a hash cannot be written; empty: all can

  bool ok() const;
  std::string state() const;                        // "ok" or what is wrong
  std::uint64_t losses() const { return losses_; }  // of a connection that worked
  const std::string& endpoint() const { return endpoint_; }

 private:
  struct Connection {
    bool ok = false;
    std::string why;  // empty before the first attempt has ended
  };
  bool both_ok() const { return connections_[0].ok && connections_[1].ok; }

  const std::string endpoint_;
  std::array<Connection, 2> connections_;
  std::uint64_t losses_ = 0;
  std::string key_refused_;
  bool loss_logged_ = false;
  bool refusal_logged_ = false;
};

}  // namespace gensetd::redis
