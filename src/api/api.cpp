#include "api/api.hpp"

#include "api/json_bodies.hpp"
#include "api/static_files.hpp"
#include "server/query_parameters.hpp"
#include "supervision/exceptions.hpp"

#include <fmt/format.h>

#include <algorithm>

// The route table, permissions, and responses without a route. The handlers are in registry_routes.cpp,
// profile_routes.cpp, connection_routes.cpp, reading_routes.cpp, event_routes.cpp, history_routes.cpp and
// access_routes.cpp.
namespace gensetd::api {
namespace {

using registry::Device;
using registry::Site;
using server::HttpRequest;
using server::HttpResponse;

namespace asio = boost::asio;

constexpr std::size_t path_logged_max = 100;

// Larger than HTTP_BODY_MAX may be: the longest notes of a site.
constexpr std::size_t site_bytes_max = 524'288;

// "/api/sites/{}" against "/api/sites/7": true, and "7" in `variable`.
bool matches(std::string_view pattern, std::string_view path, std::string& variable) {
  const auto brace = pattern.find("{}");
  if (brace == std::string_view::npos) return pattern == path;
  const std::string_view before = pattern.substr(0, brace);
  const std::string_view after = pattern.substr(brace + 2);
  if (!path.starts_with(before) || !path.ends_with(after)) return false;
  if (path.size() <= before.size() + after.size()) return false;
  const std::string_view between = path.substr(brace, path.size() - before.size() - after.size());
  if (between.find('/') != std::string_view::npos) return false;
  variable = std::string{between};
  return true;
}

std::string_view allow_header_name(server::Method method) {
  switch (method) {
    case server::Method::get:
      return "GET, HEAD";
    case server::Method::post:
      return "POST";
    case server::Method::put:
      return "PUT";
    case server::Method::patch:
      return "PATCH";
    case server::Method::remove:
      return "DELETE";
    case server::Method::options:
    case server::Method::other:
      break;
  }
  return "OPTIONS";
}

std::string_view openapi_name(server::Method method) {
  if (method == server::Method::get) return "get";
  if (method == server::Method::post) return "post";
  if (method == server::Method::put) return "put";
  return method == server::Method::patch ? "patch" : "delete";
}

HttpResponse unauthorized(std::string_view what_to_do) {
  HttpResponse response = server::error_response(401, "unauthorized", what_to_do);
  response.headers.emplace_back("WWW-Authenticate", "Bearer");
  return response;
}

HttpResponse upgrade_required() {
  HttpResponse response =
      server::error_response(426, "upgrade_required", "/ws/metrics is a WebSocket; open it as ws://");
  response.headers.emplace_back("Upgrade", "websocket");
  response.headers.emplace_back("Connection", "Upgrade");
  return response;
}

HttpResponse forbidden_host() {
  return server::error_response(
      403, "forbidden_host",
      "without API_TOKEN only an address, localhost, the machine's own name or a host of "
      "ALLOWED_ORIGINS is accepted in the Host header; use one of these, or set API_TOKEN");
}

}  // namespace

struct Api::Route {
  server::Method method;
  std::string_view pattern;
  Handler handler;
  bool open = false;  // needs no token
};

const Api::Route Api::routes[] = {
    {server::Method::get, "/api/sites", &Api::list_sites},
    {server::Method::post, "/api/sites", &Api::create_row<Site>},
    {server::Method::get, "/api/sites/{}", &Api::get_row<Site>},
    {server::Method::patch, "/api/sites/{}", &Api::update_row<Site>},
    {server::Method::remove, "/api/sites/{}", &Api::remove_row<Site>},
    {server::Method::get, "/api/devices", &Api::list_devices},
    {server::Method::post, "/api/devices", &Api::create_row<Device>},
    {server::Method::post, "/api/devices/test-connection", &Api::test_connection},
    {server::Method::post, "/api/devices/read", &Api::read_device},
    {server::Method::post, "/api/scan", &Api::scan_address},
    {server::Method::get, "/api/devices/{}", &Api::get_row<Device>},
    {server::Method::patch, "/api/devices/{}", &Api::update_row<Device>},
    {server::Method::remove, "/api/devices/{}", &Api::remove_row<Device>},
    {server::Method::get, "/api/devices/{}/diagnostics", &Api::get_diagnostics},
    {server::Method::get, "/api/devices/{}/points", &Api::get_points},
    {server::Method::get, "/api/profiles", &Api::list_profiles},
    {server::Method::get, "/api/profiles/{}", &Api::get_profile},
    {server::Method::put, "/api/profiles/{}", &Api::put_profile},
    {server::Method::remove, "/api/profiles/{}", &Api::remove_profile},
    {server::Method::get, "/api/roles", &Api::list_roles},
    {server::Method::get, "/api/metrics", &Api::get_metrics},
    {server::Method::get, "/api/events", &Api::list_events},
    {server::Method::post, "/api/events/{}/ack", &Api::acknowledge_event},
    {server::Method::get, "/api/alarms", &Api::list_alarms},
    {server::Method::get, "/api/event-codes", &Api::list_event_codes},
    {server::Method::get, "/api/history", &Api::get_history},
    {server::Method::get, "/api/access", &Api::get_access},
    {server::Method::get, "/api/openapi.json", &Api::get_openapi},
    {server::Method::get, "/metrics", &Api::get_prometheus},
    {server::Method::get, "/health", &Api::get_health, true},
    {server::Method::get, "/health/live", &Api::get_health, true},
    {server::Method::get, "/health/ready", &Api::get_health, true},
    {server::Method::get, "/api/docs", &Api::get_docs, true},
    {server::Method::get, "/api/docs.js", &Api::get_docs, true},
    {server::Method::get, "/api/docs.css", &Api::get_docs, true},
};

std::vector<Api::RouteName> Api::route_names() {
  std::vector<RouteName> names;
  for (const Route& route : routes) {
    const bool is_file = route.handler == &Api::get_docs;
    if (!is_file) names.push_back({openapi_name(route.method), route.pattern, route.open});
  }
  return names;
}

Api::Api(ApiServices services, server::AccessPolicy access, std::filesystem::path web_dir,
         std::shared_ptr<stream::WebSocketContext> websockets, const server::HttpServer& http_server)
    : services_(std::move(services)),
      access_(std::move(access)),
      page_(std::move(web_dir)),
      websockets_(std::move(websockets)),
      connections_(http_server.connections()),
      http_metrics_(http_server.metrics()) {}

asio::awaitable<HttpResponse> Api::respond(const HttpRequest& request) {
  HttpResponse response;
  try {
    response = co_await dispatch(request);
  } catch (const server::BadQuery& bad) {
    response = server::error_response(400, "bad_query", bad.what(), bad.field);
  } catch (...) {
    supervision::report_exception(supervision::Task::http_request, request.path.substr(0, path_logged_max),
                                  "it is responded with 500");
    response =
        server::error_response(500, "internal_error", "this request failed; the log of gensetd says why");
  }
  if (access_.is_allowed_cross_origin(request)) {
    response.headers.emplace_back("Access-Control-Allow-Origin", request.origin);
    response.headers.emplace_back("Access-Control-Expose-Headers", "Location");
  }
  if (!access_.allowed_origins.empty()) response.headers.emplace_back("Vary", "Origin");
  co_return response;
}

std::size_t Api::body_bytes_max(server::Method method, std::string_view path, std::size_t usual) const {
  const bool is_upload = method == server::Method::put && path.starts_with("/api/profiles/");
  if (is_upload) return registry::StoredProfile::bytes_max;
  const bool is_site = (method == server::Method::post && path == "/api/sites") ||
                       (method == server::Method::patch && path.starts_with("/api/sites/"));
  return is_site ? std::max(usual, site_bytes_max) : usual;
}

// A pattern without {} has precedence: "/api/devices/read" is not the device with the id "read".
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
  for (const Route* route : found.routes) allowed += fmt::format("{}, ", allow_header_name(route->method));
  return allowed.empty() ? allowed : allowed + "OPTIONS";
}

std::string Api::allowed_methods(std::string_view path) { return allowed_methods(match(path)); }

asio::awaitable<HttpResponse> Api::dispatch(const HttpRequest& request) {
  Match found = match(request.path);
  for (const Route* route : found.routes) {
    if (route->method != request.method) continue;
    if (auto refused = refuse_access(request, *route)) co_return std::move(*refused);
    HttpResponse response = co_await (this->*route->handler)(request, std::move(found.variable));
    co_return response;
  }
  std::string allowed = allowed_methods(found);
  if (request.path == "*") allowed = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";
  if (request.path == "/ws/metrics") {
    if (request.method == server::Method::get) co_return upgrade_required();
    allowed = "GET, OPTIONS";
  }
  if (allowed.empty()) {
    auto file = page_.respond(request);
    if (file && request.method == server::Method::get) co_return std::move(*file);
    if (file) allowed = "GET, HEAD, OPTIONS";
  }
  co_return respond_without_route(request, std::move(allowed));
}

// For a request that no route, file or upgrade serves: OPTIONS, a CORS preflight, or an error.
HttpResponse Api::respond_without_route(const HttpRequest& request, std::string allowed) const {
  if (allowed.empty())
    return server::error_response(404, "not_found",
                                  fmt::format("there is no {}", request.path.substr(0, 100)));
  const bool is_options = request.method == server::Method::options;
  if (is_options && !request.origin.empty() && !request.preflight_method.empty()) return preflight(request);
  HttpResponse response{.status = 204};
  if (!is_options)
    response = server::error_response(405, "method_not_allowed", fmt::format("allowed here: {}", allowed));
  response.headers.emplace_back("Allow", std::move(allowed));
  return response;
}

std::optional<HttpResponse> Api::refuse_access(const HttpRequest& request, const Route& route) const {
  const server::Role role = access_.role_of(request);
  if (!route.open && role == server::Role::none)
    return unauthorized("send the token as Authorization: Bearer TOKEN");
  if (!route.open && !access_.is_host_trusted(request)) return forbidden_host();
  if (request.method == server::Method::get) return std::nullopt;
  if (role != server::Role::administrator)
    return server::error_response(
        403, "read_only_token",
        "READ_TOKEN permits reading only; changes and connections to controllers need API_TOKEN");
  if (!access_.is_origin_allowed(request))
    return server::error_response(
        403, "forbidden_origin",
        "pages of this origin are not permitted to make changes; see ALLOWED_ORIGINS");
  return std::nullopt;
}

// Responds to a CORS preflight, by which a browser asks whether a page of another origin may send a request.
HttpResponse Api::preflight(const HttpRequest& request) const {
  if (!access_.is_allowed_cross_origin(request))
    return server::error_response(
        403, "forbidden_origin",
        "pages of this origin are not permitted to use the API; see ALLOWED_ORIGINS");
  HttpResponse response{.status = 204};
  response.headers.emplace_back("Access-Control-Allow-Methods", "GET, POST, PUT, PATCH, DELETE");
  response.headers.emplace_back("Access-Control-Allow-Headers", "Authorization, Content-Type");
  response.headers.emplace_back("Access-Control-Max-Age", "600");
  return response;
}

std::variant<server::WebSocketTask, HttpResponse> Api::authorize_upgrade(const HttpRequest& request) {
  if (request.path != "/ws/metrics")
    return server::error_response(404, "not_found", "the WebSocket is /ws/metrics");
  if (access_.role_of(request) == server::Role::none)
    return unauthorized(
        "send the token as Authorization: Bearer TOKEN, or as the subprotocol gensetd.token.BASE64URL");
  if (!access_.is_host_trusted(request)) return forbidden_host();
  if (!access_.is_origin_allowed(request))
    return server::error_response(
        403, "forbidden_origin",
        "pages of this origin are not permitted to open the WebSocket; see ALLOWED_ORIGINS");
  try {
    return stream::websocket_task(stream::parse_stream_options(request.query), websockets_);
  } catch (const server::BadQuery& bad) {
    return server::error_response(400, "bad_query", bad.what(), bad.field);
  }
}

asio::awaitable<HttpResponse> Api::get_openapi(const HttpRequest& request, std::string) {
  server::require_no_query(request.query);
  for (const StaticFile& file : static_files()) {
    if (file.name == "openapi.json") co_return HttpResponse{.body = std::string{file.text}};
  }
  co_return server::error_response(404, "not_found", "no API description is built in");
}

// The page that displays openapi.json.
asio::awaitable<HttpResponse> Api::get_docs(const HttpRequest& request, std::string) {
  const std::string_view file = request.path.substr(std::string_view{"/api/"}.size());
  co_return file_response(file == "docs" ? "docs.html" : file);
}

HttpResponse Api::file_response(std::string_view name) {
  for (const StaticFile& file : static_files()) {
    if (file.name != name) continue;
    HttpResponse response{.body = std::string{file.text}, .content_type = "text/html; charset=utf-8"};
    if (name.ends_with(".js")) response.content_type = "text/javascript; charset=utf-8";
    if (name.ends_with(".css")) response.content_type = "text/css; charset=utf-8";
    return response;
  }
  return server::error_response(404, "not_found", "no such file is built in");
}

}  // namespace gensetd::api
