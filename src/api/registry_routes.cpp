#include "api/api.hpp"
#include "api/audit.hpp"
#include "api/connection_bodies.hpp"
#include "api/json_bodies.hpp"
#include "api/point_json.hpp"
#include "log/log.hpp"
#include "server/await_callback.hpp"
#include "server/query_parameters.hpp"

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <optional>
#include <string>
#include <utility>

// Sites and devices. Both have the same routes; RowKind<Row> describes the differences.
namespace gensetd::api {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;
using registry::Device;
using registry::Result;
using registry::Service;
using registry::Site;
using server::HttpRequest;
using server::HttpResponse;

template <class Row>
struct RowKind;

template <>
struct RowKind<Site> {
  static constexpr std::string_view name = "site";
  static constexpr std::string_view path = "/api/sites";
  static const auto& rows(const Service& registry) { return registry.directory().sites; }
  static constexpr auto create = &Service::create_site;
  static constexpr auto update = &Service::update_site;
  static constexpr auto remove = &Service::remove_site;
  static std::optional<HttpResponse> refuse_body(const json::object&, const ApiServices&) {
    return std::nullopt;
  }
};

template <>
struct RowKind<Device> {
  static constexpr std::string_view name = "device";
  static constexpr std::string_view path = "/api/devices";
  static const auto& rows(const Service& registry) { return registry.directory().devices; }
  static constexpr auto create = &Service::create_device;
  static constexpr auto update = &Service::update_device;
  static constexpr auto remove = &Service::remove_device;
  static std::optional<HttpResponse> refuse_body(const json::object& body, const ApiServices& services) {
    return refuse_address(body, services);
  }
};

// A function, because g++ 12 loses the texts of an initializer list inside a coroutine.
std::optional<std::int64_t> site_id_of(std::string_view query) {
  return server::id_parameter(server::parse_query(query, {"site_id"}), "site_id");
}

// The rows of the registry that match, each in its state when the client takes it.
template <class Row, class Matches>
text::Pieces pieces_of_rows(const Service& registry, Matches matches) {
  auto next = [&registry, matches = std::move(matches), last_id = std::int64_t{0}](std::string& out) mutable {
    const auto& all = RowKind<Row>::rows(registry);
    for (auto row = all.upper_bound(last_id); row != all.end(); ++row) {
      if (!matches(row->second)) continue;
      last_id = row->first;
      out += to_json(row->second);
      return true;
    }
    return false;
  };
  return text::pieces_of_list(std::move(next));
}

// The row with an id in decimal; null when there is none.
template <class Row>
const Row* find_row(const Service& registry, std::string_view id_text) {
  const auto& rows = RowKind<Row>::rows(registry);
  const auto id = server::parse_id(id_text);
  const auto found = id ? rows.find(*id) : rows.end();
  return found == rows.end() ? nullptr : &found->second;
}

template <class Row>
HttpResponse not_found(std::string_view id) {
  return server::error_response(404, "not_found",
                                fmt::format("there is no {} {}", RowKind<Row>::name, id.substr(0, 40)));
}

template <class Row>
HttpResponse response_of(const Result<Row>& result, unsigned status) {
  if (const auto* refusal = std::get_if<registry::Refusal>(&result)) return refusal_response(*refusal);
  const Row& row = std::get<Row>(result);
  HttpResponse response{.status = status, .body = to_json(row)};
  if (status == 201)
    response.headers.emplace_back("Location", fmt::format("{}/{}", RowKind<Row>::path, row.id));
  return response;
}

HttpResponse removal_response(const Result<std::monostate>& result) {
  if (const auto* refusal = std::get_if<registry::Refusal>(&result)) return refusal_response(*refusal);
  return {.status = 204};
}

// Logs a change. It copies its data, because the outcome of a change whose response was lost is found out
// after the request has ended.
template <class Row>
Service::ChangeObserver<Row> audit(const server::AccessPolicy& access, const HttpRequest& request) {
  return
      [who = std::string{access.administrator_name()}, from = std::string{request.from}](
          const std::optional<Row>& before, const std::optional<Row>& after, Service::ChangeOutcome outcome) {
        const RegistryChange change{.kind = RowKind<Row>::name,
                                    .before = before ? to_json(*before) : std::string{},
                                    .after = after ? to_json(*after) : std::string{},
                                    .outcome = outcome};
        const auto line = audit_line(who, from, change);
        if (line.empty()) return;
        log::info("registry_changed")
            .field("who", who)
            .field("from", from)
            .field("kind", RowKind<Row>::name)
            .field("id", after ? after->id : before->id)
            .field("before", change.before)
            .field("after", change.after)
            .say("{}", line);
      };
}

}  // namespace

asio::awaitable<HttpResponse> Api::list_sites(const HttpRequest& request, std::string) {
  server::require_no_query(request.query);
  co_return server::response_in_pieces(
      pieces_of_rows<Site>(services_.registry, [](const Site&) { return true; }));
}

asio::awaitable<HttpResponse> Api::list_devices(const HttpRequest& request, std::string) {
  const auto site_id = site_id_of(request.query);
  if (site_id && !services_.registry.directory().sites.contains(*site_id))
    co_return not_found<Site>(std::to_string(*site_id));
  const auto matches = [site_id](const Device& device) { return !site_id || device.site_id == *site_id; };
  co_return server::response_in_pieces(pieces_of_rows<Device>(services_.registry, matches));
}

template <class Row>
asio::awaitable<HttpResponse> Api::get_row(const HttpRequest& request, std::string id) {
  server::require_no_query(request.query);
  const Row* row = find_row<Row>(services_.registry, id);
  co_return row == nullptr ? not_found<Row>(id) : HttpResponse{.body = to_json(*row)};
}

template <class Row>
asio::awaitable<HttpResponse> Api::create_row(const HttpRequest& request, std::string) {
  server::require_no_query(request.query);
  auto body = parse_body(request);
  if (auto* refusal = std::get_if<HttpResponse>(&body)) co_return std::move(*refusal);
  auto refused = RowKind<Row>::refuse_body(std::get<json::object>(body), services_);
  if (refused) co_return std::move(*refused);
  auto start = [&](Service::Handler<Row> handler) {
    (services_.registry.*RowKind<Row>::create)(std::move(std::get<json::object>(body)), std::move(handler),
                                               audit<Row>(access_, request));
  };
  const Result<Row> result = co_await server::await_callback<Result<Row>>(start);
  co_return response_of(result, 201);
}

template <class Row>
asio::awaitable<HttpResponse> Api::update_row(const HttpRequest& request, std::string id_text) {
  server::require_no_query(request.query);
  const auto id = server::parse_id(id_text);
  if (!id) co_return not_found<Row>(id_text);
  auto body = parse_body(request);
  if (auto* refusal = std::get_if<HttpResponse>(&body)) co_return std::move(*refusal);
  auto refused = RowKind<Row>::refuse_body(std::get<json::object>(body), services_);
  if (refused) co_return std::move(*refused);
  auto start = [&](Service::Handler<Row> handler) {
    (services_.registry.*RowKind<Row>::update)(*id, std::move(std::get<json::object>(body)),
                                               std::move(handler), audit<Row>(access_, request));
  };
  const Result<Row> result = co_await server::await_callback<Result<Row>>(start);
  co_return response_of(result, 200);
}

template <class Row>
asio::awaitable<HttpResponse> Api::remove_row(const HttpRequest& request, std::string id_text) {
  server::require_no_query(request.query);
  const auto id = server::parse_id(id_text);
  if (!id) co_return not_found<Row>(id_text);
  auto start = [&](Service::Handler<std::monostate> handler) {
    (services_.registry.*RowKind<Row>::remove)(*id, std::move(handler), audit<Row>(access_, request));
  };
  const Result<std::monostate> result = co_await server::await_callback<Result<std::monostate>>(start);
  co_return removal_response(result);
}

template asio::awaitable<HttpResponse> Api::get_row<Site>(const HttpRequest&, std::string);
template asio::awaitable<HttpResponse> Api::get_row<Device>(const HttpRequest&, std::string);
template asio::awaitable<HttpResponse> Api::create_row<Site>(const HttpRequest&, std::string);
template asio::awaitable<HttpResponse> Api::create_row<Device>(const HttpRequest&, std::string);
template asio::awaitable<HttpResponse> Api::update_row<Site>(const HttpRequest&, std::string);
template asio::awaitable<HttpResponse> Api::update_row<Device>(const HttpRequest&, std::string);
template asio::awaitable<HttpResponse> Api::remove_row<Site>(const HttpRequest&, std::string);
template asio::awaitable<HttpResponse> Api::remove_row<Device>(const HttpRequest&, std::string);

asio::awaitable<HttpResponse> Api::get_diagnostics(const HttpRequest& request, std::string id) {
  server::require_no_query(request.query);
  const Device* device = find_row<Device>(services_.registry, id);
  if (device == nullptr) co_return not_found<Device>(id);
  HttpResponse response;
  response.body = co_await services_.diagnostics(*device);
  co_return response;
}

asio::awaitable<HttpResponse> Api::get_points(const HttpRequest& request, std::string id) {
  server::require_no_query(request.query);
  const Device* device = find_row<Device>(services_.registry, id);
  if (device == nullptr) co_return not_found<Device>(id);
  const reading::ReadingPtr newest = services_.hub.newest(device->id);
  // Without a reading of this process everything is unknown.
  reading::Content nothing{.identity = {.device_id = device->id},
                           .profile = services_.profiles->find(device->profile)};
  if (!nothing.profile) nothing.profile = std::make_shared<const profile::Profile>();
  const reading::Content& content = newest && newest->content ? *newest->content : nothing;
  co_return HttpResponse{
      .body = boost::json::serialize(points_json(content, device->inputs ? &*device->inputs : nullptr))};
}

}  // namespace gensetd::api
