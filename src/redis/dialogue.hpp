#pragma once

#include "redis/failure.hpp"
#include "redis/reply.hpp"

#include <functional>
#include <string>

namespace gensetd::redis {

// The commands to send over a connection and the handling of their replies, without the connection itself. A
// RedisSession connects, sends the bytes of append_commands(), passes replies to handle_reply(), and
// reconnects after a loss. Opens no socket. One thread.
class Dialogue {
 public:
  virtual ~Dialogue() = default;

  virtual void opened() = 0;                                // connected and logged in
  virtual void closed() = 0;                                // lost, or the attempt to connect failed
  virtual void append_commands(std::string& outgoing) = 0;  // may append nothing
  virtual void append_ping(std::string& outgoing) = 0;      // the connection has been silent
  virtual bool awaits_reply() const = 0;
  virtual RedisFailure handle_reply(RedisReply& reply) = 0;  // a failure ends the connection

  std::function<void()> wake = [] {};  // called when append_commands() has bytes again
};

}  // namespace gensetd::redis
