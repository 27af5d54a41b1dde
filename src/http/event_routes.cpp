#include "events/watch.hpp"
#include "http/api.hpp"
#include "http/awaited.hpp"
#include "http/event_queries.hpp"
#include "http/json_bodies.hpp"
#include "http/json_text.hpp"
#include "http/query.hpp"
#include "log/log.hpp"
#include "reading/moment.hpp"
#include "registry/fields.hpp"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>

// The journal: events, alarms and their acknowledgement.
namespace gensetd::http {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;
using events::Watch;

reading::Timestamp now() { return reading::system_now(); }

// Who acknowledges, from the body of the request, which may be empty.
std::variant<std::string, Answer> name_in(const Request& request) {
  if (request.body.empty()) return std::string{};
  auto body = parse_body(request);
  if (auto* refusal = std::get_if<Answer>(&body)) return std::move(*refusal);
  static constexpr std::array<std::string_view, 1> known = {"by"};
  registry::Fields fields{std::get<json::object>(body), known};
  std::string by;
  fields.read_text("by", {.length_min = 1, .length_max = 100}, by);
  if (fields.refusal()) return refused(*fields.refusal());
  return by;
}

Answer answer_to(const Watch::Acknowledged& result, std::string_view id) {
  if (const auto* event = std::get_if<events::Event>(&result)) return {.body = events::to_json(*event)};
  switch (std::get<Watch::Refused>(result)) {
    case Watch::Refused::unknown:
      return error_answer(404, "not_found", fmt::format("there is no event {}", id.substr(0, 40)));
    case Watch::Refused::not_open:
      return error_answer(
          409, "not_open",
          fmt::format("event {} is closed, or is no alarm: there is nothing to acknowledge", id));
    case Watch::Refused::acknowledged_already:
      return error_answer(409, "acknowledged_already", fmt::format("event {} is acknowledged already", id));
    case Watch::Refused::not_kept:
      return error_answer(
          503, "registry_unavailable",
          fmt::format("event {} is acknowledged, but the registry database has not taken that yet: it "
                      "does so when it answers and has room, and until then a restart would undo it",
                      id));
    case Watch::Refused::unavailable:
      break;
  }
  return error_answer(
      503, "registry_unavailable",
      "the registry database does not answer or its disk is full, nothing was acknowledged; try again later");
}

// The open alarms, each as it is when the client takes it.
BodyPieces pieces_of_alarms(const Watch& watch) {
  auto next = [&watch, some = std::vector<events::OpenAlarm>{}, taken = std::size_t{0},
               last = std::optional<events::AlarmPlace>{}](std::string& out) mutable {
    if (taken == some.size()) {
      some = watch.open_alarms(last);
      taken = 0;
    }
    if (some.empty()) return false;
    last = some[taken].place;
    out += some[taken++].json;
    return true;
  };
  const auto behind = [&watch] {
    std::string text = JsonText{}
                           .field("server_time", reading::print_timestamp(now()))
                           .field("rate_10min", watch.alarms_of_last(10))
                           .field("count_24h", watch.alarms_of_last(events::MinuteCounts::minutes_of_a_day))
                           .finish();
    text.replace(0, 1, "],");
    return text;
  };
  return pieces_of_list(R"({"alarms":[)", std::move(next), behind);
}

}  // namespace

asio::awaitable<Answer> Api::list_events(const Request& request, std::string) {
  const events::Query wanted = event_query(request.query);
  events::Query one_more = wanted;
  ++one_more.limit;
  auto start = [&](std::function<void(Watch::Events)> handler) {
    services_.events.list(one_more, std::move(handler));
  };
  Watch::Events result = co_await awaited<Watch::Events>(start);
  if (const auto* refusal = std::get_if<registry::Refusal>(&result)) co_return refused(*refusal);
  auto& events = std::get<std::vector<events::Event>>(result);
  if (!wants_csv(request.accept)) {
    Answer page = answer_in_pieces(pieces_of_events(std::move(events), wanted.limit, now()));
    co_return page;
  }
  Answer answer = answer_in_pieces(pieces_of_csv(std::move(events), wanted.limit));
  answer.content_type = "text/csv; charset=utf-8";
  answer.headers.emplace_back("Cache-Control", "no-store");
  co_return answer;
}

asio::awaitable<Answer> Api::list_alarms(const Request& request, std::string) {
  refuse_query(request.query);
  co_return answer_in_pieces(pieces_of_alarms(services_.events));
}

asio::awaitable<Answer> Api::acknowledge_event(const Request& request, std::string variable) {
  refuse_query(request.query);
  const auto id = parse_id(variable);
  if (!id) co_return answer_to(Watch::Refused::unknown, variable);
  auto name = name_in(request);
  if (auto* refusal = std::get_if<Answer>(&name)) co_return std::move(*refusal);
  auto start = [&](std::function<void(Watch::Acknowledged)> handler) {
    services_.events.acknowledge(*id, std::get<std::string>(name), std::move(handler));
  };
  const Watch::Acknowledged result = co_await awaited<Watch::Acknowledged>(start);
  if (const auto* event = std::get_if<events::Event>(&result)) {
    log::info("alarm_acknowledged")
        .field("who", access_.administrator())
        .field("from", request.from)
        .field("id", event->id)
        .field("code", event->code)
        .field("by", event->acknowledged_by)
        .say("audit: {} from {} acknowledged event {} ({}){}{}", access_.administrator(), request.from,
             event->id, event->code, event->acknowledged_by.empty() ? "" : " as ", event->acknowledged_by);
  }
  const auto* refused = std::get_if<Watch::Refused>(&result);
  if (refused != nullptr && *refused == Watch::Refused::not_kept) {
    log::info("alarm_acknowledged")
        .field("who", access_.administrator())
        .field("from", request.from)
        .field("id", *id)
        .field("by", std::get<std::string>(name))
        .say("audit: {} from {} acknowledged event {}{}{} (the database has not confirmed it yet)",
             access_.administrator(), request.from, *id, std::get<std::string>(name).empty() ? "" : " as ",
             std::get<std::string>(name));
  }
  co_return answer_to(result, variable);
}

asio::awaitable<Answer> Api::list_event_codes(const Request& request, std::string) {
  refuse_query(request.query);
  co_return Answer{.body = print_event_codes()};
}

}  // namespace gensetd::http
