#pragma once

#include "redis/failure.hpp"
#include "redis/reply.hpp"

#include <functional>
#include <string>

namespace gensetd::redis {

// What is said over a connection, without the connection: a Session opens one, asks fill() for bytes, hands
// take() the replies, and begins anew after a loss. Opens no socket. One thread.
class Dialogue {
 public:
  virtual ~Dialogue() = default;

  virtual void opened() = 0;                     // connected and logged in
  virtual void closed() = 0;                     // lost, or an attempt to connect has failed
  virtual void fill(std::string& outgoing) = 0;  // appends what is to be sent now, if anything
  virtual void ping(std::string& outgoing) = 0;  // appends a PING: nothing was heard for long
  virtual bool awaits_reply() const = 0;
  virtual Failure take(Reply& reply) = 0;  // a failure ends the connection

  std::function<void()> wake = [] {};  // to be called when fill() would have something after a silence
};

}  // namespace gensetd::redis
