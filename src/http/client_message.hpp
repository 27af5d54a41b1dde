#pragma once

#include "http/selection.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace gensetd::http {

enum class View : std::uint8_t { full, overview };

std::string_view to_word(View view);

// What a dashboard wants to hear.
struct Subscription {
  Selection devices;  // empty: all
  View view = View::full;
  std::chrono::milliseconds batch_interval{200};
};

inline constexpr double max_hz_least = 0.2;
inline constexpr double max_hz_most = 20;

// The messages of a dashboard: {"type":"sub",…}, {"type":"resync"}, and the text 'ping'.
struct Ping {};
struct Resync {};
struct BadMessage {
  std::string code;     // for programs: "malformed_json", "unknown_type", "unknown_field", "invalid_value"
  std::string message;  // for people
};
using ClientMessage = std::variant<Ping, Resync, Subscription, BadMessage>;

// `current`: what a `sub` leaves as it is where it names nothing else.
ClientMessage parse_client_message(std::string_view text, const Subscription& current);

}  // namespace gensetd::http
