#include "api/api.hpp"
#include "api/event_queries.hpp"
#include "api/json_bodies.hpp"
#include "events/event_service.hpp"
#include "log/log.hpp"
#include "reading/clocks.hpp"
#include "registry/fields.hpp"
#include "server/await_callback.hpp"
#include "server/query_parameters.hpp"
#include "text/json_text.hpp"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>

// Events, alarms and their acknowledgement.
namespace gensetd::api {
namespace {

using server::HttpRequest;
using server::HttpResponse;

namespace asio = boost::asio;
namespace json = boost::json;
using events::AcknowledgeError;
using events::EventService;

reading::Timestamp now() { return reading::system_now(); }

// The name of the person who acknowledges, from the body of the request; empty without a body.
std::variant<std::string, HttpResponse> name_of(const HttpRequest& request) {
  if (request.body.empty()) return std::string{};
  auto body = parse_body(request);
  if (auto* refusal = std::get_if<HttpResponse>(&body)) return std::move(*refusal);
  static constexpr std::array<std::string_view, 1> known = {"by"};
  registry::Fields fields{std::get<json::object>(body), known};
  std::string by;
  fields.read_text("by", {.length_min = 1, .length_max = 100}, by);
  if (fields.refusal()) return refusal_response(*fields.refusal());
  return by;
}

HttpResponse acknowledgement_response(const EventService::Acknowledged& result, std::string_view id) {
  if (const auto* event = std::get_if<events::Event>(&result)) return {.body = events::to_json(*event)};
  switch (std::get<AcknowledgeError>(result)) {
    case AcknowledgeError::unknown:
      return server::error_response(404, "not_found", fmt::format("there is no event {}", id.substr(0, 40)));
    case AcknowledgeError::not_open:
      return server::error_response(
          409, "not_open",
          fmt::format("event {} is closed, or is not an alarm: there is nothing to acknowledge", id));
    case AcknowledgeError::acknowledged_already:
      return server::error_response(409, "acknowledged_already",
                                    fmt::format("event {} is already acknowledged", id));
    case AcknowledgeError::not_kept:
      return server::error_response(
          503, "registry_unavailable",
          fmt::format(
              "event {} is acknowledged, but this is not stored yet: it will be when the registry database "
              "responds and has space; a restart before that loses it",
              id));
    case AcknowledgeError::unavailable:
      break;
  }
  return server::error_response(503, "registry_unavailable",
                                "the registry database does not respond or its disk is full; nothing was "
                                "acknowledged; try again later");
}

// The open alarms, each in its state when the client takes it.
text::Pieces pieces_of_alarms(const EventService& watch) {
  auto next = [&watch, some = std::vector<events::OpenAlarm>{}, taken = std::size_t{0},
               last = std::optional<events::AlarmPosition>{}](std::string& out) mutable {
    if (taken == some.size()) {
      some = watch.open_alarms(last);
      taken = 0;
    }
    if (some.empty()) return false;
    last = some[taken].position;
    out += some[taken++].json;
    return true;
  };
  const auto tail = [&watch] {
    std::string text = text::JsonText{}
                           .field("server_time", reading::print_timestamp(now()))
                           .field("rate_10min", watch.alarms_of_last(10))
                           .field("count_24h", watch.alarms_of_last(events::MinuteCounts::minutes_of_a_day))
                           .finish();
    text.replace(0, 1, "],");
    return text;
  };
  return text::pieces_of_list(R"({"alarms":[)", std::move(next), tail);
}

}  // namespace

asio::awaitable<HttpResponse> Api::list_events(const HttpRequest& request, std::string) {
  const events::EventQuery query = event_query(request.query);
  events::EventQuery one_more = query;
  ++one_more.limit;
  auto start = [&](std::function<void(EventService::Events)> handler) {
    services_.events.list(one_more, std::move(handler));
  };
  EventService::Events result = co_await server::await_callback<EventService::Events>(start);
  if (const auto* refusal = std::get_if<registry::Refusal>(&result)) co_return refusal_response(*refusal);
  auto& events = std::get<std::vector<events::Event>>(result);
  if (!wants_csv(request.accept)) {
    HttpResponse page = server::response_in_pieces(pieces_of_events(std::move(events), query.limit, now()));
    co_return page;
  }
  HttpResponse response = server::response_in_pieces(pieces_of_csv(std::move(events), query.limit));
  response.content_type = "text/csv; charset=utf-8";
  response.headers.emplace_back("Cache-Control", "no-store");
  co_return response;
}

asio::awaitable<HttpResponse> Api::list_alarms(const HttpRequest& request, std::string) {
  server::require_no_query(request.query);
  co_return server::response_in_pieces(pieces_of_alarms(services_.events));
}

asio::awaitable<HttpResponse> Api::acknowledge_event(const HttpRequest& request, std::string variable) {
  server::require_no_query(request.query);
  const auto id = server::parse_id(variable);
  if (!id) co_return acknowledgement_response(AcknowledgeError::unknown, variable);
  auto name = name_of(request);
  if (auto* refusal = std::get_if<HttpResponse>(&name)) co_return std::move(*refusal);
  auto start = [&](std::function<void(EventService::Acknowledged)> handler) {
    services_.events.acknowledge(*id, std::get<std::string>(name), std::move(handler));
  };
  const EventService::Acknowledged result =
      co_await server::await_callback<EventService::Acknowledged>(start);
  if (const auto* event = std::get_if<events::Event>(&result)) {
    log::info("alarm_acknowledged")
        .field("who", access_.administrator_name())
        .field("from", request.from)
        .field("id", event->id)
        .field("code", event->code)
        .field("by", event->acknowledged_by)
        .say("audit: {} from {} acknowledged event {} ({}){}{}", access_.administrator_name(), request.from,
             event->id, event->code, event->acknowledged_by.empty() ? "" : " as ", event->acknowledged_by);
  }
  const auto* refused = std::get_if<AcknowledgeError>(&result);
  if (refused != nullptr && *refused == AcknowledgeError::not_kept) {
    log::info("alarm_acknowledged")
        .field("who", access_.administrator_name())
        .field("from", request.from)
        .field("id", *id)
        .field("by", std::get<std::string>(name))
        .say("audit: {} from {} acknowledged event {}{}{} (the database has not confirmed it yet)",
             access_.administrator_name(), request.from, *id,
             std::get<std::string>(name).empty() ? "" : " as ", std::get<std::string>(name));
  }
  co_return acknowledgement_response(result, variable);
}

asio::awaitable<HttpResponse> Api::list_event_codes(const HttpRequest& request, std::string) {
  server::require_no_query(request.query);
  co_return HttpResponse{.body = print_event_codes()};
}

}  // namespace gensetd::api
