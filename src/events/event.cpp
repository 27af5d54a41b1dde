#include "events/event.hpp"

#include "text/json_text.hpp"

#include <array>

namespace gensetd::events {
namespace {

constexpr std::array<std::string_view, 7> kinds = {"alarm",   "comms", "status", "mode",
                                                   "breaker", "mains", "gateway"};
constexpr std::array<std::string_view, 4> states = {"active", "acknowledged", "returned", "closed"};

template <class Enum, std::size_t N>
std::optional<Enum> from(std::string_view word, const std::array<std::string_view, N>& words) {
  for (std::size_t index = 0; index < N; ++index) {
    if (words[index] == word) return static_cast<Enum>(index);
  }
  return std::nullopt;
}

template <class Number>
std::string number(const std::optional<Number>& value) {
  return value ? std::to_string(*value) : "null";
}

std::string text(std::string_view value) {
  std::string out;
  if (value.empty()) return "null";
  text::append_json_string(out, value);
  return out;
}

std::string time(const std::optional<Timestamp>& value) {
  return value ? '"' + reading::print_timestamp(*value) + '"' : "null";
}

}  // namespace

std::string_view to_word(EventKind kind) { return kinds[static_cast<std::size_t>(kind)]; }
std::string_view to_word(EventState state) { return states[static_cast<std::size_t>(state)]; }
std::optional<EventKind> kind_from(std::string_view word) { return from<EventKind>(word, kinds); }
std::optional<EventState> state_from(std::string_view word) { return from<EventState>(word, states); }

std::string to_json(const Event& event) {
  std::string out = "{";
  const auto add = [&out](std::string_view name, std::string_view value) {
    if (out.size() > 1) out += ',';
    out += '"';
    out += name;
    out += "\":";
    out += value;
  };
  add("id", std::to_string(event.id));
  add("device_id", number(event.device_id));
  add("site_id", number(event.site_id));
  add("site_code", text(event.site_code));
  add("kind", text(to_word(event.kind)));
  add("priority", number(event.priority));
  add("code", text(event.code));
  add("args", event.args);
  add("state", text(to_word(event.state)));
  add("onset", time(event.onset));
  add("onset_at_latest", event.onset_at_latest ? "true" : "false");
  add("returned_at", time(event.returned_at));
  add("acknowledged_at", time(event.acknowledged_at));
  add("acknowledged_by", text(event.acknowledged_by));
  return out + '}';
}

}  // namespace gensetd::events
