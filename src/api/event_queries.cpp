#include "api/event_queries.hpp"

#include "api/time_query.hpp"
#include "events/catalogue.hpp"
#include "text/json_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace gensetd::api {
namespace {

using events::Event;

template <class Parse>
auto word_parameter(const std::vector<server::QueryParameter>& parameters, std::string_view name, Parse parse,
                    std::string_view allowed) {
  decltype(parse(std::string_view{})) value;
  const server::QueryParameter* given = server::find_parameter(parameters, name);
  if (given == nullptr) return value;
  value = parse(given->value);
  if (!value) throw server::BadQuery(fmt::format("{} must be {}", name, allowed), given->name);
  return value;
}

std::optional<std::string> cursor_after(const std::vector<Event>& events, std::size_t limit) {
  if (events.size() <= limit) return std::nullopt;
  const Event& last = events[limit - 1];
  return events::print_cursor({last.onset, last.id});
}

void append_cell(std::string& out, std::string_view text) {
  out += '"';
  if (!text.empty() && std::string_view{"=+-@\t\r"}.find(text.front()) != std::string_view::npos) out += '\'';
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

std::string time_text(const std::optional<reading::Timestamp>& time) {
  return time ? reading::print_timestamp(*time) : std::string{};
}

template <class T>
std::string number_text(const std::optional<T>& number) {
  return number ? std::to_string(*number) : std::string{};
}

constexpr std::string_view csv_head =
    "id,onset,onset_at_latest,returned_at,acknowledged_at,acknowledged_by,state,priority,kind,site_code,"
    "site_id,device_id,code,text_en,text_ru\n";

void append_row(std::string& out, const Event& event) {
  bool is_first = true;
  for (const std::string& cell :
       {std::to_string(event.id), reading::print_timestamp(event.onset),
        std::string{event.onset_at_latest ? "true" : "false"}, time_text(event.returned_at),
        time_text(event.acknowledged_at), event.acknowledged_by, std::string{to_word(event.state)},
        number_text(event.priority), std::string{to_word(event.kind)}, event.site_code,
        number_text(event.site_id), number_text(event.device_id), event.code,
        events::text_of(event, events::Language::english),
        events::text_of(event, events::Language::russian)}) {
    if (!is_first) out += ',';
    is_first = false;
    append_cell(out, cell);
  }
  out += '\n';
}

}  // namespace

events::EventQuery event_query(std::string_view query) {
  const auto parameters = server::parse_query(
      query, {"site_id", "device_id", "kind", "priority", "state", "from", "to", "cursor", "limit"});
  events::EventQuery result;
  result.site_id = server::id_parameter(parameters, "site_id");
  result.device_id = server::id_parameter(parameters, "device_id");
  result.kind = word_parameter(parameters, "kind", events::kind_from,
                               "alarm, comms, status, mode, breaker, mains or gateway");
  if (server::find_parameter(parameters, "priority") != nullptr)
    result.priority = static_cast<int>(server::integer_parameter(parameters, "priority", 1, 4, 1));
  result.state =
      word_parameter(parameters, "state", events::state_from, "active, acknowledged, returned or closed");
  result.from = time_parameter(parameters, "from");
  result.to = time_parameter(parameters, "to");
  check_order(result.from, result.to);
  result.before =
      word_parameter(parameters, "cursor", events::parse_cursor, "the next_cursor of an earlier response");
  result.limit = static_cast<std::size_t>(
      server::integer_parameter(parameters, "limit", 1, events_per_response_max, 100));
  return result;
}

bool wants_csv(std::string_view accept) {
  const auto csv = accept.find("text/csv");
  const auto json = accept.find("application/json");
  return csv != std::string_view::npos && csv < json;
}

text::Pieces pieces_of_events(std::vector<Event> events, std::size_t limit, reading::Timestamp now) {
  std::string tail = text::JsonText{}
                         .field("next_cursor", cursor_after(events, limit))
                         .field("server_time", reading::print_timestamp(now))
                         .finish();
  tail.replace(0, 1, "],");
  if (events.size() > limit) events.resize(limit);
  auto next = [events = std::move(events), index = std::size_t{0}](std::string& out) mutable {
    if (index == events.size()) return false;
    out += events::to_json(events[index++]);
    return true;
  };
  return text::pieces_of_list(R"({"events":[)", std::move(next), [tail = std::move(tail)] { return tail; });
}

text::Pieces pieces_of_csv(std::vector<Event> events, std::size_t limit) {
  if (events.size() > limit) events.resize(limit);
  return [events = std::move(events), index = std::size_t{0}](std::string& out) mutable {
    if (index == 0) out += csv_head;
    while (index < events.size() && out.size() < text::piece_bytes) append_row(out, events[index++]);
    return index < events.size();
  };
}

std::string print_event_codes() {
  std::string list = "[";
  for (const events::EventCode& code : events::catalogue()) {
    if (list.size() > 1) list += ',';
    list += text::JsonText{}
                .field("code", code.code)
                .field("kind", events::to_word(code.kind))
                .field("priority", code.priority)
                .json("text", text::JsonText{}.field("en", code.en).field("ru", code.ru).finish())
                .finish();
  }
  return text::JsonText{}.json("codes", list + ']').finish();
}

}  // namespace gensetd::api
