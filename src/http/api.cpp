#include "http/api.hpp"

#include "http/json_bodies.hpp"
#include "http/query.hpp"
#include "http/static_files.hpp"
#include "supervision/exceptions.hpp"

#include <fmt/format.h>

#include <algorithm>

// Finding the route, and who may take it. What the routes do stands in registry_routes.cpp,
// connection_routes.cpp, reading_routes.cpp, event_routes.cpp, history_routes.cpp and access_routes.cpp.
namespace gensetd::http {
namespace {

namespace asio = boost::asio;

constexpr std::size_t path_logged_max = 100;

// "/api/sites/{}" against "/api/sites/7": true, and "7" in `variable`.
bool matches(std::string_view pattern, std::string_view path, std::string& variable) {
  const auto brace = pattern.find("{}");
  if (brace == std::string_view::npos) return pattern == path;
  const std::string_view before = pattern.substr(0, brace);
  const std::string_view behind = pattern.substr(brace + 2);
  if (!path.starts_with(before) || !path.ends_with(behind)) return false;
  if (path.size() <= before.size() + behind.size()) return false;
  const std::string_view between = path.substr(brace, path.size() - before.size() - behind.size());
  if (between.find('/') != std::string_view::npos) return false;
  variable = std::string{between};
  return true;
}

std::string_view word(Method method) {
  switch (method) {
    case Method::get:
      return "GET, HEAD";
    case Method::post:
      return "POST";
    case Method::patch:
      return "PATCH";
    case Method::remove:
      return "DELETE";
    case Method::options:
    case Method::other:
      break;
  }
  return "OPTIONS";
}

std::string_view method_of_description(Method method) {
  if (method == Method::get) return "get";
  if (method == Method::post) return "post";
  return method == Method::patch ? "patch" : "delete";
}

Answer unauthorized(std::string_view what_to_do) {
  Answer answer = error_answer(401, "unauthorized", what_to_do);
  answer.headers.emplace_back("WWW-Authenticate", "Bearer");
  return answer;
}

Answer upgrade_required() {
  Answer answer = error_answer(426, "upgrade_required", "/ws/metrics is a WebSocket; open it as ws://");
  answer.headers.emplace_back("Upgrade", "websocket");
  answer.headers.emplace_back("Connection", "Upgrade");
  return answer;
}

Answer forbidden_host() {
  return error_answer(403, "forbidden_host",
                      "without API_TOKEN only an address, localhost, the machine's own name or a host of "
                      "ALLOWED_ORIGINS is taken in the Host header; use one of these, or set API_TOKEN");
}

}  // namespace

struct Api::Route {
  Method method;
  std::string_view pattern;
  Handler handler;
  bool open = false;  // needs no token
};

const Api::Route Api::routes[] = {
    {Method::get, "/api/sites", &Api::list_sites},
    {Method::post, "/api/sites", &Api::create_site},
    {Method::get, "/api/sites/{}", &Api::get_site},
    {Method::patch, "/api/sites/{}", &Api::update_site},
    {Method::remove, "/api/sites/{}", &Api::remove_site},
    {Method::get, "/api/devices", &Api::list_devices},
    {Method::post, "/api/devices", &Api::create_device},
    {Method::post, "/api/devices/test-connection", &Api::test_connection},
    {Method::post, "/api/devices/read", &Api::read_device},
    {Method::get, "/api/devices/{}", &Api::get_device},
    {Method::patch, "/api/devices/{}", &Api::update_device},
    {Method::remove, "/api/devices/{}", &Api::remove_device},
    {Method::get, "/api/devices/{}/diagnostics", &Api::get_diagnostics},
    {Method::get, "/api/profiles", &Api::list_profiles},
    {Method::get, "/api/profiles/{}", &Api::get_profile},
    {Method::get, "/api/metrics", &Api::get_metrics},
    {Method::get, "/api/events", &Api::list_events},
    {Method::post, "/api/events/{}/ack", &Api::acknowledge_event},
    {Method::get, "/api/alarms", &Api::list_alarms},
    {Method::get, "/api/event-codes", &Api::list_event_codes},
    {Method::get, "/api/history", &Api::get_history},
    {Method::get, "/api/access", &Api::get_access},
    {Method::get, "/api/openapi.json", &Api::get_openapi},
    {Method::get, "/metrics", &Api::get_prometheus},
    {Method::get, "/health", &Api::get_health, true},
    {Method::get, "/health/live", &Api::get_health, true},
    {Method::get, "/health/ready", &Api::get_health, true},
    {Method::get, "/api/docs", &Api::get_docs, true},
    {Method::get, "/api/docs.js", &Api::get_docs, true},
    {Method::get, "/api/docs.css", &Api::get_docs, true},
};

std::vector<Api::RouteName> Api::route_names() {
  std::vector<RouteName> names;
  for (const Route& route : routes) {
    const bool is_file = route.handler == &Api::get_docs;
    if (!is_file) names.push_back({method_of_description(route.method), route.pattern, route.open});
  }
  return names;
}

Api::Api(Services services, Access access, const Connections& connections, std::filesystem::path web_dir)
    : services_(std::move(services)),
      access_(std::move(access)),
      connections_(connections),
      page_(std::move(web_dir)) {}

asio::awaitable<Answer> Api::answer(const Request& request) {
  Answer answer;
  try {
    answer = co_await dispatch(request);
  } catch (const BadQuery& bad) {
    answer = error_answer(400, "bad_query", bad.what(), bad.field);
  } catch (...) {
    supervision::report_exception(supervision::Task::http_request, request.path.substr(0, path_logged_max),
                                  "it is answered 500");
    answer = error_answer(500, "internal_error", "this request failed; the log of gensetd says why");
  }
  if (access_.origin_is_foreign_but_allowed(request)) {
    answer.headers.emplace_back("Access-Control-Allow-Origin", request.origin);
    answer.headers.emplace_back("Access-Control-Expose-Headers", "Location");
  }
  if (!access_.allowed_origins.empty()) answer.headers.emplace_back("Vary", "Origin");
  co_return answer;
}

// A path that a route names in full is that route's alone: "/api/devices/read" is no device.
Api::Match Api::match(std::string_view path) {
  Match found;
  for (const bool is_literal : {true, false}) {
    for (const Route& route : routes) {
      const bool has_variable = route.pattern.find("{}") != std::string_view::npos;
      if (has_variable != is_literal && matches(route.pattern, path, found.variable))
        found.routes.push_back(&route);
    }
    if (!found.routes.empty()) break;
  }
  return found;
}

std::string Api::allowed_methods(const Match& found) {
  std::string allowed;
  for (const Route* route : found.routes) allowed += fmt::format("{}, ", word(route->method));
  return allowed.empty() ? allowed : allowed + "OPTIONS";
}

std::string Api::allowed_methods(std::string_view path) { return allowed_methods(match(path)); }

asio::awaitable<Answer> Api::dispatch(const Request& request) {
  Match found = match(request.path);
  for (const Route* route : found.routes) {
    if (route->method != request.method) continue;
    if (auto refused = refuse_access(request, *route)) co_return std::move(*refused);
    Answer answer = co_await (this->*route->handler)(request, std::move(found.variable));
    co_return answer;
  }
  std::string allowed = allowed_methods(found);
  if (request.path == "*") allowed = "GET, HEAD, POST, PATCH, DELETE, OPTIONS";
  if (request.path == "/ws/metrics") {
    if (request.method == Method::get) co_return upgrade_required();
    allowed = "GET, OPTIONS";
  }
  if (allowed.empty()) {
    auto file = page_.answer(request);
    if (file && request.method == Method::get) co_return std::move(*file);
    if (file) allowed = "GET, HEAD, OPTIONS";
  }
  co_return answer_other_method(request, std::move(allowed));
}

// No route, file or upgrade serves the request: OPTIONS, a preflight, or a mistake.
Answer Api::answer_other_method(const Request& request, std::string allowed) const {
  if (allowed.empty())
    return error_answer(404, "not_found", fmt::format("there is no {}", request.path.substr(0, 100)));
  const bool is_options = request.method == Method::options;
  if (is_options && !request.origin.empty() && !request.preflight_method.empty()) return preflight(request);
  Answer answer{.status = 204};
  if (!is_options) answer = error_answer(405, "method_not_allowed", fmt::format("allowed here: {}", allowed));
  answer.headers.emplace_back("Allow", std::move(allowed));
  return answer;
}

std::optional<Answer> Api::refuse_access(const Request& request, const Route& route) const {
  const Role role = access_.role_of(request);
  if (!route.open && role == Role::nobody)
    return unauthorized("send the token as Authorization: Bearer TOKEN");
  if (!route.open && !access_.host_is_trusted(request)) return forbidden_host();
  if (request.method == Method::get) return std::nullopt;
  if (role != Role::administrator)
    return error_answer(403, "read_only_token",
                        "READ_TOKEN only reads; changes and connections to controllers need API_TOKEN");
  if (!access_.origin_is_allowed(request))
    return error_answer(403, "forbidden_origin",
                        "pages of this origin may not change anything; see ALLOWED_ORIGINS");
  return std::nullopt;
}

// What a browser asks before a page of another origin may send (Fetch standard, CORS-preflight).
Answer Api::preflight(const Request& request) const {
  if (!access_.origin_is_foreign_but_allowed(request))
    return error_answer(403, "forbidden_origin",
                        "pages of this origin may not use the API; see ALLOWED_ORIGINS");
  Answer answer{.status = 204};
  answer.headers.emplace_back("Access-Control-Allow-Methods", "GET, POST, PATCH, DELETE");
  answer.headers.emplace_back("Access-Control-Allow-Headers", "Authorization, Content-Type");
  answer.headers.emplace_back("Access-Control-Max-Age", "600");
  return answer;
}

std::variant<UpgradeWish, Answer> Api::admit_websocket(const Request& request) const {
  if (request.path != "/ws/metrics") return error_answer(404, "not_found", "the WebSocket is /ws/metrics");
  if (access_.role_of(request) == Role::nobody)
    return unauthorized(
        "send the token as Authorization: Bearer TOKEN, or as the subprotocol gensetd.token.BASE64URL");
  if (!access_.host_is_trusted(request)) return forbidden_host();
  if (!access_.origin_is_allowed(request))
    return error_answer(403, "forbidden_origin",
                        "pages of this origin may not open the WebSocket; see ALLOWED_ORIGINS");
  try {
    return upgrade_wish(request.query);
  } catch (const BadQuery& bad) {
    return error_answer(400, "bad_query", bad.what(), bad.field);
  }
}

asio::awaitable<Answer> Api::get_openapi(const Request& request, std::string) {
  refuse_query(request.query);
  for (const StaticFile& file : static_files()) {
    if (file.name == "openapi.json") co_return Answer{.body = std::string{file.text}};
  }
  co_return error_answer(404, "not_found", "no description was built in");
}

// The page that shows the description.
asio::awaitable<Answer> Api::get_docs(const Request& request, std::string) {
  const std::string_view file = request.path.substr(std::string_view{"/api/"}.size());
  co_return file_answer(file == "docs" ? "docs.html" : file);
}

Answer Api::file_answer(std::string_view name) {
  for (const StaticFile& file : static_files()) {
    if (file.name != name) continue;
    Answer answer{.body = std::string{file.text}, .content_type = "text/html; charset=utf-8"};
    if (name.ends_with(".js")) answer.content_type = "text/javascript; charset=utf-8";
    if (name.ends_with(".css")) answer.content_type = "text/css; charset=utf-8";
    return answer;
  }
  return error_answer(404, "not_found", "no such file was built in");
}

}  // namespace gensetd::http
