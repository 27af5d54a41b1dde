#include "http/api.hpp"
#include "http/counted_place.hpp"
#include "http/device_walk.hpp"
#include "http/json_bodies.hpp"
#include "http/prometheus.hpp"
#include "http/query.hpp"
#include "http/turns.hpp"

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <memory>
#include <optional>
#include <utility>

// Readings, profiles, health.
namespace gensetd::http {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;

// With 10,000 devices the text takes some 60 MB until the client has it.
constexpr int scrapes_at_once_max = 4;

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

// The newest reading of each device, or of one, as it is when the client takes it.
BodyPieces pieces_of_readings(const Services& services, const Wanted& wanted) {
  Selection selection;
  if (wanted.device_id) selection.emplace().insert(*wanted.device_id);
  auto next = [&services, walk = DeviceWalk{}, selection = std::move(selection),
               site_id = wanted.site_id](std::string& out) mutable {
    const registry::Directory& directory = services.registry.directory();
    const auto site = site_id ? directory.sites.find(*site_id) : directory.sites.end();
    if (site_id && site == directory.sites.end()) return false;  // removed meanwhile, with its devices
    while (const live::ReadingPtr reading = walk.next(services.hub, selection)) {
      if (site_id && !is_of_site(*reading, directory, site->second)) continue;
      out += reading->json;
      return true;
    }
    return false;
  };
  return pieces_of_list(std::move(next));
}

BodyPieces pieces_of_profiles(const profile::Catalog& profiles) {
  auto next = [place = profiles.all().begin(), end = profiles.all().end()](std::string& out) mutable {
    if (place == end) return false;
    out += json::serialize(to_json(*(place++)->second));
    return true;
  };
  return pieces_of_list(std::move(next));
}

// Counts until the last piece is gone.
BodyPieces held_while(std::shared_ptr<CountedPlace> place, BodyPieces pieces) {
  return [place = std::move(place), pieces = std::move(pieces)](std::string& out) { return pieces(out); };
}

Answer too_many_scrapes() {
  Answer busy =
      error_answer(503, "too_many_scrapes",
                   fmt::format("the figures of all devices are on their way to {} clients; try again "
                               "in a moment",
                               scrapes_at_once_max));
  busy.headers.emplace_back("Retry-After", "1");
  return busy;
}

}  // namespace

asio::awaitable<Answer> Api::get_metrics(const Request& request, std::string) {
  const Wanted wanted = wanted_by(request.query);
  const auto [device_id, site_id] = wanted;
  const registry::Directory& directory = services_.registry.directory();
  if (device_id && !directory.devices.contains(*device_id) && !services_.hub.newest(*device_id))
    co_return error_answer(404, "not_found", fmt::format("there is no device {}", *device_id), "device_id");
  if (site_id && !directory.sites.contains(*site_id))
    co_return error_answer(404, "not_found", fmt::format("there is no site {}", *site_id), "site_id");
  co_return answer_in_pieces(pieces_of_readings(services_, wanted));
}

asio::awaitable<Answer> Api::list_profiles(const Request& request, std::string) {
  refuse_query(request.query);
  co_return answer_in_pieces(pieces_of_profiles(*services_.profiles));
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
                     health.descriptors == "ok" && health.tasks == "ok";
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
                          {"tasks", health.tasks},
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
  if (with_devices && scrapes_under_way_ >= scrapes_at_once_max) co_return too_many_scrapes();
  const auto place = with_devices ? std::make_shared<CountedPlace>(scrapes_under_way_) : nullptr;
  MetricFamilies families;
  if (services_.add_daemon_figures) co_await services_.add_daemon_figures(families);
  add_figures(figures_, connections_, families);
  if (with_devices) {
    if (services_.add_device_figures) co_await services_.add_device_figures(families);
    Turns turns;
    DeviceWalk walk;
    while (const reading::ReadingPtr reading = walk.next(services_.hub, std::nullopt)) {
      add_reading(*reading, families);
      if (turns.is_over()) co_await Turns::others_first();
    }
  }
  Answer answer = answer_in_pieces(held_while(place, families.finish()));
  answer.content_type = "text/plain; version=0.0.4; charset=utf-8";
  co_return answer;
}

}  // namespace gensetd::http
