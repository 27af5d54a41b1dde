#pragma once

#include "live/hub.hpp"
#include "reading/clocks.hpp"
#include "text/pieces.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <variant>

namespace gensetd::stream {

using reading::ClockPair;

// A text message to a client, or a piece of a long one. A reading is sent as the JSON bytes that all clients
// share.
struct OutgoingMessage {
  std::string text;
  live::ReadingPtr reading = nullptr;
  bool is_complete = true;  // false: the next OutgoingMessage continues this one

  std::string_view view() const { return reading ? std::string_view{reading->json} : text; }
};

// There is nothing to send before `until`, unless wake() is called.
struct NothingDue {
  std::chrono::steady_clock::time_point until = std::chrono::steady_clock::time_point::max();
};

// The connection is to be closed with this WebSocket close code (RFC 6455, section 7.4) and reason.
struct CloseFrame {
  std::uint16_t code = 0;
  std::string reason;
};

using NextMessage = std::variant<OutgoingMessage, NothingDue, CloseFrame>;

// Produces the messages to one WebSocket client and receives those from it, without a socket. Use: begin();
// then next() after each message that was written and after each wake(); received() for each message from the
// client; end(). One thread.
class MessageSource {
 public:
  virtual ~MessageSource() = default;

  virtual void begin() = 0;  // subscribes; no change is missed from here on
  virtual void end() = 0;    // unsubscribes
  virtual NextMessage next(ClockPair now) = 0;
  virtual void received(std::string_view text) = 0;
  virtual void received_binary() = 0;
  virtual void flush() = 0;  // before the connection ends: pending messages are due at once

  std::function<void()> wake = [] {};  // called when next() may return a message earlier than NothingDue said
  std::function<void()> conflated = [] {};  // called when a newer reading replaces an unsent one
};

}  // namespace gensetd::stream
