#include "api/api.hpp"
#include "api/json_bodies.hpp"
#include "api/reading_metrics.hpp"
#include "server/count_guard.hpp"
#include "server/query_parameters.hpp"
#include "server/work_slice.hpp"
#include "stream/device_walk.hpp"

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <memory>
#include <optional>
#include <utility>

// Readings, health.
namespace gensetd::api {
namespace {

using server::HttpRequest;
using server::HttpResponse;

namespace asio = boost::asio;
namespace json = boost::json;

// With 10,000 devices the text takes about 60 MB until it is sent.
constexpr int running_scrapes_max = 4;

struct ReadingFilter {
  std::optional<std::int64_t> device_id;
  std::optional<std::int64_t> site_id;
};

// A function, because g++ 12 loses the texts of an initializer list inside a coroutine.
ReadingFilter filter_of(std::string_view query) {
  const auto parameters = server::parse_query(query, {"device_id", "site_id"});
  return {server::id_parameter(parameters, "device_id"), server::id_parameter(parameters, "site_id")};
}

// A registered device belongs to its site in the registry, a device of another process to the site code in
// its reading.
bool belongs_to(const reading::Reading& reading, const registry::Directory& directory,
                const registry::Site& site) {
  const auto device = directory.devices.find(reading.device_id);
  return device == directory.devices.end() ? reading.site_code == site.code
                                           : device->second.site_id == site.id;
}

// The newest reading of each device that passes the filter, in its state when the client takes it.
text::Pieces pieces_of_readings(const ApiServices& services, const ReadingFilter& filter) {
  stream::Selection selection;
  if (filter.device_id) selection.emplace().insert(*filter.device_id);
  auto next = [&services, walk = stream::DeviceWalk{}, selection = std::move(selection),
               site_id = filter.site_id](std::string& out) mutable {
    const registry::Directory& directory = services.registry.directory();
    const auto site = site_id ? directory.sites.find(*site_id) : directory.sites.end();
    if (site_id && site == directory.sites.end()) return false;  // removed meanwhile, with its devices
    while (const live::ReadingPtr reading = walk.next(services.hub, selection)) {
      if (site_id && !belongs_to(*reading, directory, site->second)) continue;
      out += reading->json;
      return true;
    }
    return false;
  };
  return text::pieces_of_list(std::move(next));
}

// Keeps the guard until the last piece is sent.
text::Pieces with_guard(std::shared_ptr<server::CountGuard> guard, text::Pieces pieces) {
  return [guard = std::move(guard), pieces = std::move(pieces)](std::string& out) { return pieces(out); };
}

HttpResponse too_many_scrapes() {
  return server::retry_after(
      server::error_response(
          503, "too_many_scrapes",
          fmt::format(
              "the metrics of all devices are already being sent to {} clients; try again in a moment",
              running_scrapes_max)),
      "1");
}

}  // namespace

asio::awaitable<HttpResponse> Api::get_metrics(const HttpRequest& request, std::string) {
  const ReadingFilter filter = filter_of(request.query);
  const auto [device_id, site_id] = filter;
  const registry::Directory& directory = services_.registry.directory();
  if (device_id && !directory.devices.contains(*device_id) && !services_.hub.newest(*device_id))
    co_return server::error_response(404, "not_found", fmt::format("there is no device {}", *device_id),
                                     "device_id");
  if (site_id && !directory.sites.contains(*site_id))
    co_return server::error_response(404, "not_found", fmt::format("there is no site {}", *site_id),
                                     "site_id");
  co_return server::response_in_pieces(pieces_of_readings(services_, filter));
}

asio::awaitable<HttpResponse> Api::list_roles(const HttpRequest& request, std::string) {
  server::require_no_query(request.query);
  co_return HttpResponse{.body = json::serialize(roles_json())};
}

asio::awaitable<HttpResponse> Api::get_health(const HttpRequest& request, std::string) {
  server::require_no_query(request.query);
  const HealthReport health = services_.health();
  const auto uptime =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - started_);
  const bool are_outputs_ok = std::ranges::all_of(health.outputs, [](const OutputHealth& output) {
    return output.state == "ok" || output.state == "off";
  });
  const bool is_ok =
      health.registry == "ok" && are_outputs_ok && health.descriptors == "ok" && health.tasks == "ok";
  json::object body{{"status", !health.ready ? "failing"
                               : is_ok       ? "ok"
                                             : "degraded"},
                    {"live", true},
                    {"ready", health.ready},
                    {"version", services_.version},
                    {"uptime_seconds", uptime.count()},
                    {"registry", health.registry}};
  for (const OutputHealth& output : health.outputs) body[output.name] = output.state;
  body["poller"] = health.poller;
  body["descriptors"] = health.descriptors;
  body["tasks"] = health.tasks;
  body["devices"] = health.devices;
  body["devices_online"] = health.devices_online;
  // Any response proves that the daemon is live. Liveness must not depend on `ready`, or a supervisor would
  // restart the daemon while it stops.
  const bool is_success = health.ready || request.path == "/health/live";
  co_return HttpResponse{.status = is_success ? 200U : 503U, .body = json::serialize(body)};
}

// The metrics of the daemon, and with ?devices=1 those of each device and link.
asio::awaitable<HttpResponse> Api::get_prometheus(const HttpRequest& request, std::string) {
  const bool with_devices =
      server::flag_parameter(server::parse_query(request.query, {"devices"}), "devices");
  if (with_devices && running_scrapes_ >= running_scrapes_max) co_return too_many_scrapes();
  const auto guard = with_devices ? std::make_shared<server::CountGuard>(running_scrapes_) : nullptr;
  measure::MetricFamilies families;
  if (services_.add_daemon_metrics) co_await services_.add_daemon_metrics(families);
  add_metrics(http_metrics_, connections_, families);
  add_metrics(websockets_->metrics, families);
  if (with_devices) {
    if (services_.add_device_metrics) co_await services_.add_device_metrics(families);
    server::WorkSlice slice;
    stream::DeviceWalk walk;
    while (const reading::ReadingPtr reading = walk.next(services_.hub, std::nullopt)) {
      add_reading(*reading, families);
      if (slice.is_used_up()) co_await server::WorkSlice::yield_to_others();
    }
  }
  HttpResponse response = server::response_in_pieces(with_guard(guard, families.finish()));
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  co_return response;
}

}  // namespace gensetd::api
