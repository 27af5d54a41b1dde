#include "stream/client_message.hpp"

#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <span>
#include <utility>

namespace gensetd::stream {
namespace {

namespace json = boost::json;

constexpr std::size_t depth_max = 8;  // bounds the parser's stack; messages have two levels

BadMessage invalid(std::string_view field, std::string_view allowed) {
  return {"invalid_value", fmt::format("{} must be {}", field, allowed)};
}

// Refuses the first key that is not in `known`.
std::optional<BadMessage> refuse_unknown(const json::object& message,
                                         std::span<const std::string_view> known) {
  for (const auto& member : message) {
    const std::string_view key{member.key().data(), member.key().size()};
    if (std::ranges::find(known, key) != known.end()) continue;
    return BadMessage{"unknown_field", fmt::format("unknown field '{}'; allowed: {}", key.substr(0, 40),
                                                   fmt::join(known, ", "))};
  }
  return std::nullopt;
}

std::optional<BadMessage> read_devices(const json::value& value, Selection& into) {
  static constexpr std::string_view allowed = "null for all, or a list of positive whole numbers";
  if (value.is_null()) {
    into.reset();
    return std::nullopt;
  }
  const json::array* list = value.if_array();
  if (list == nullptr) return invalid("devices", allowed);
  if (list->size() > devices_in_list_max)
    return invalid("devices", fmt::format("at most {} ids; null for all", devices_in_list_max));
  std::set<std::int64_t> ids;
  for (const json::value& id : *list) {
    if (!id.is_int64() || id.get_int64() < 1) return invalid("devices", allowed);
    ids.insert(id.get_int64());
  }
  into = std::move(ids);
  return std::nullopt;
}

std::optional<BadMessage> read_view(const json::value& value, ReadingView& into) {
  for (const ReadingView view : {ReadingView::full, ReadingView::overview}) {
    if (!value.is_string() ||
        std::string_view{value.get_string().data(), value.get_string().size()} != to_word(view))
      continue;
    into = view;
    return std::nullopt;
  }
  return invalid("view", "full or overview");
}

std::optional<BadMessage> read_rate(const json::value& value, std::chrono::milliseconds& into) {
  double rate = std::nan("");
  if (value.is_int64()) rate = static_cast<double>(value.get_int64());
  if (value.is_double()) rate = value.get_double();
  if (!(rate >= max_hz_least && rate <= max_hz_most))
    return invalid("max_hz", fmt::format("a number from {} to {}", max_hz_least, max_hz_most));
  into = std::chrono::milliseconds{std::llround(1000.0 / rate)};
  return std::nullopt;
}

ClientMessage subscription_of(const json::object& message, const DashboardSubscription& current) {
  static constexpr std::array<std::string_view, 4> known = {"type", "devices", "view", "max_hz"};
  DashboardSubscription requested = current;
  auto refusal = refuse_unknown(message, known);
  const auto read = [&](const char* name, auto&& reader, auto& into) {
    const json::value* value = message.if_contains(name);
    if (!refusal && value != nullptr) refusal = reader(*value, into);
  };
  read("devices", read_devices, requested.devices);
  read("view", read_view, requested.view);
  read("max_hz", read_rate, requested.batch_interval);
  if (refusal) return std::move(*refusal);
  return requested;
}

}  // namespace

std::string_view to_word(ReadingView view) { return view == ReadingView::full ? "full" : "overview"; }

ClientMessage parse_client_message(std::string_view text, const DashboardSubscription& current) {
  if (text == "ping") return Ping{};
  json::error_code failed;
  json::parse_options options;
  options.max_depth = depth_max;
  const json::value parsed = json::parse(json::string_view(text.data(), text.size()), failed, {}, options);
  const json::object* message = failed ? nullptr : parsed.if_object();
  if (message == nullptr)
    return BadMessage{"malformed_json", R"(send a JSON object, such as {"type":"resync"}, or the text ping)"};
  const json::value* type = message->if_contains("type");
  const json::string* word = type == nullptr ? nullptr : type->if_string();
  if (word != nullptr && *word == "sub") return subscription_of(*message, current);
  if (word != nullptr && *word == "resync") {
    static constexpr std::array<std::string_view, 1> known = {"type"};
    if (auto refusal = refuse_unknown(*message, known)) return std::move(*refusal);
    return Resync{};
  }
  return BadMessage{"unknown_type", "type must be sub or resync"};
}

}  // namespace gensetd::stream
