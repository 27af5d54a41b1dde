#pragma once

#include "stream/selection.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace gensetd::stream {

enum class ReadingView : std::uint8_t { full, overview };

std::string_view to_word(ReadingView view);

// What a dashboard receives.
struct DashboardSubscription {
  Selection devices;  // empty: all
  ReadingView view = ReadingView::full;
  std::chrono::milliseconds batch_interval{200};
};

inline constexpr double max_hz_least = 0.2;
inline constexpr double max_hz_most = 20;

// The messages from a dashboard: {"type":"sub",…}, {"type":"resync"}, and the text 'ping'.
struct Ping {};
struct Resync {};
struct BadMessage {
  std::string code;     // for programs: "malformed_json", "unknown_type", "unknown_field", "invalid_value"
  std::string message;  // for people
};
using ClientMessage = std::variant<Ping, Resync, DashboardSubscription, BadMessage>;

// `current`: the subscription whose values a `sub` keeps for the fields that it does not name.
ClientMessage parse_client_message(std::string_view text, const DashboardSubscription& current);

}  // namespace gensetd::stream
