#pragma once

#include "http/pieces.hpp"
#include "live/hub.hpp"
#include "reading/moment.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <variant>

namespace gensetd::http {

using reading::Moment;

// A text message to a client, or a piece of a long one. A reading is sent as the bytes that everybody shares.
struct OutgoingMessage {
  std::string text;
  live::ReadingPtr reading = nullptr;
  bool is_complete = true;  // false: what comes next continues this message

  std::string_view view() const { return reading ? std::string_view{reading->json} : text; }
};

// Nothing to say before then, unless wake() is called.
struct Silence {
  std::chrono::steady_clock::time_point until = std::chrono::steady_clock::time_point::max();
};

// The connection ends with this WebSocket close code (RFC 6455, 7.4) and reason.
struct Ending {
  std::uint16_t code = 0;
  std::string reason;
};

using NextMessage = std::variant<OutgoingMessage, Silence, Ending>;

// What one WebSocket client is told, without the socket. Use: begin(); then next() again and again, whenever
// the message before is written or wake() was called; received() with what the client says. One thread.
class MessageSource {
 public:
  virtual ~MessageSource() = default;

  virtual void begin() = 0;  // from here on nothing is missed
  virtual void end() = 0;    // nothing is heard any more
  virtual NextMessage next(Moment now) = 0;
  virtual void received(std::string_view text) = 0;
  virtual void received_binary() = 0;
  virtual void hurry() = 0;  // the end is near: what waits for its time is due at once

  std::function<void()> wake = [] {};       // called when next() may have more to say than it said last
  std::function<void()> conflated = [] {};  // called when a reading replaces one that was not told yet
};

}  // namespace gensetd::http
