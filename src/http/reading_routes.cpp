#include "http/api.hpp"
#include "http/json_bodies.hpp"
#include "http/prometheus.hpp"
#include "http/query.hpp"
#include "http/turns.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <optional>
#include <utility>

// Readings, profiles, health.
namespace gensetd::http {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;

struct Wanted {
  std::optional<std::int64_t> device_id;
  std::optional<std::int64_t> site_id;
};

// Outside of the coroutine: g++ 12 loses the texts of an initializer list inside one.
Wanted wanted_by(std::string_view query) {
  const auto parameters = parse_query(query, {"device_id", "site_id"});
  return {id_parameter(parameters, "device_id"), id_parameter(parameters, "site_id")};
}

// A registered device belongs to its site of the registry, another process's one to the site that it names.
bool is_of_site(const reading::Reading& reading, const registry::Directory& directory,
                const registry::Site& site) {
  const auto device = directory.devices.find(reading.device_id);
  return device == directory.devices.end() ? reading.site_code == site.code
                                           : device->second.site_id == site.id;
}

}  // namespace

asio::awaitable<Answer> Api::get_metrics(const Request& request, std::string) {
  const auto [device_id, site_id] = wanted_by(request.query);
  const registry::Directory& directory = services_.registry.directory();
  if (device_id && !directory.devices.contains(*device_id) && !services_.hub.newest(*device_id))
    co_return error_answer(404, "not_found", fmt::format("there is no device {}", *device_id), "device_id");
  const auto site = site_id ? directory.sites.find(*site_id) : directory.sites.end();
  if (site_id && site == directory.sites.end())
    co_return error_answer(404, "not_found", fmt::format("there is no site {}", *site_id), "site_id");

  std::vector<reading::ReadingPtr> readings;
  if (device_id) {
    if (auto newest = services_.hub.newest(*device_id)) readings.push_back(std::move(newest));
  } else {
    readings = services_.hub.all();
  }
  Answer answer{.body = "["};
  for (const auto& reading : readings) {
    if (site_id && !is_of_site(*reading, directory, site->second)) continue;
    if (answer.body.size() > 1) answer.body += ',';
    answer.body += reading->json;
  }
  answer.body += ']';
  co_return answer;
}

asio::awaitable<Answer> Api::list_profiles(const Request& request, std::string) {
  refuse_query(request.query);
  json::array list;
  for (const auto& [name, profile] : services_.profiles->all()) list.push_back(to_json(*profile));
  co_return Answer{.body = json::serialize(list)};
}

asio::awaitable<Answer> Api::get_profile(const Request& request, std::string variable) {
  refuse_query(request.query);
  const auto profile = services_.profiles->find(variable);
  if (!profile)
    co_return error_answer(404, "not_found", fmt::format("there is no profile {}", variable.substr(0, 40)));
  co_return Answer{.body = json::serialize(to_json(*profile))};
}

asio::awaitable<Answer> Api::get_health(const Request& request, std::string) {
  refuse_query(request.query);
  const Health health = services_.health();
  const auto uptime =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - started_);
  const bool whole = health.registry == "ok" && (health.redis == "ok" || health.redis == "off") &&
                     health.descriptors == "ok";
  const json::object body{{"status", !health.ready ? "failing"
                                     : whole       ? "ok"
                                                   : "degraded"},
                          {"live", true},
                          {"ready", health.ready},
                          {"version", services_.version},
                          {"uptime_seconds", uptime.count()},
                          {"registry", health.registry},
                          {"redis", health.redis},
                          {"poller", health.poller},
                          {"descriptors", health.descriptors},
                          {"devices", health.devices},
                          {"devices_online", health.devices_online}};
  // Live: there is an answer. A daemon that is to be restarted when it is not ready would be restarted while
  // it stops.
  const bool good = health.ready || request.path == "/health/live";
  co_return Answer{.status = good ? 200U : 503U, .body = json::serialize(body)};
}

// The daemon itself in every case, and with ?devices=1 a line for each figure of each device and link.
asio::awaitable<Answer> Api::get_prometheus(const Request& request, std::string) {
  const bool with_devices = flag_parameter(parse_query(request.query, {"devices"}), "devices");
  MetricFamilies families;
  if (services_.add_daemon_figures) co_await services_.add_daemon_figures(families);
  add_figures(figures_, connections_, families);
  if (with_devices) {
    if (services_.add_device_figures) co_await services_.add_device_figures(families);
    Turns turns;
    const std::vector<reading::ReadingPtr> readings = services_.hub.all();
    for (const reading::ReadingPtr& reading : readings) {
      add_reading(*reading, families);
      if (turns.is_over()) co_await Turns::others_first();
    }
  }
  co_return Answer{.body = families.finish(), .content_type = "text/plain; version=0.0.4; charset=utf-8"};
}

}  // namespace gensetd::http
