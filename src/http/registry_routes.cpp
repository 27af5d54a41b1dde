#include "http/api.hpp"
#include "http/audit.hpp"
#include "http/awaited.hpp"
#include "http/connection_bodies.hpp"
#include "http/json_bodies.hpp"
#include "http/query.hpp"
#include "log/log.hpp"

#include <fmt/format.h>

#include <optional>
#include <string>
#include <utility>

// Sites, and devices with their diagnostics.
namespace gensetd::http {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;
using registry::Device;
using registry::Result;
using registry::Site;

// Outside of the coroutine: g++ 12 loses the texts of an initializer list inside one.
std::optional<std::int64_t> site_wanted_by(std::string_view query) {
  return id_parameter(parse_query(query, {"site_id"}), "site_id");
}

// The rows of the registry that `is_wanted`, each as it is when the client takes it. `rows`: its map of them,
// by id.
template <class Rows, class IsWanted>
BodyPieces pieces_of_rows(Rows rows, IsWanted is_wanted) {
  auto next = [rows = std::move(rows), is_wanted = std::move(is_wanted),
               last_id = std::int64_t{0}](std::string& out) mutable {
    const auto& all = rows();
    for (auto row = all.upper_bound(last_id); row != all.end(); ++row) {
      if (!is_wanted(row->second)) continue;
      last_id = row->first;
      out += to_json(row->second);
      return true;
    }
    return false;
  };
  return pieces_of_list(std::move(next));
}

BodyPieces pieces_of_sites(const registry::Service& registry) {
  const auto rows = [&registry]() -> const auto& { return registry.directory().sites; };
  return pieces_of_rows(rows, [](const Site&) { return true; });
}

BodyPieces pieces_of_devices(const registry::Service& registry, std::optional<std::int64_t> site_id) {
  const auto rows = [&registry]() -> const auto& { return registry.directory().devices; };
  return pieces_of_rows(rows,
                        [site_id](const Device& device) { return !site_id || device.site_id == *site_id; });
}

Answer unknown(std::string_view what, std::string_view id) {
  return error_answer(404, "not_found", fmt::format("there is no {} {}", what, id.substr(0, 40)));
}

template <class T>
Answer written(const Result<T>& result, unsigned status, std::string_view where) {
  if (const auto* refusal = std::get_if<registry::Refusal>(&result)) return refused(*refusal);
  const T& row = std::get<T>(result);
  Answer answer{.status = status, .body = to_json(row)};
  if (status == 201) answer.headers.emplace_back("Location", fmt::format("{}/{}", where, row.id));
  return answer;
}

Answer removed(const Result<std::monostate>& result) {
  if (const auto* refusal = std::get_if<registry::Refusal>(&result)) return refused(*refusal);
  return {.status = 204};
}

// Logs a change. Holds copies: when the answer of the database is lost, the request is over by then.
template <class T>
registry::Service::Witness<T> audit(const Access& access, const Request& request, std::string_view kind) {
  return [who = std::string{access.administrator()}, from = std::string{request.from}, kind](
             const std::optional<T>& before, const std::optional<T>& after,
             registry::Service::Certainty certainty) {
    const RegistryChange change{.kind = kind,
                                .before = before ? to_json(*before) : std::string{},
                                .after = after ? to_json(*after) : std::string{},
                                .certainty = certainty};
    const auto line = audit_line(who, from, change);
    if (line.empty()) return;
    log::info("registry_changed")
        .field("who", who)
        .field("from", from)
        .field("kind", kind)
        .field("id", after ? after->id : before->id)
        .field("before", change.before)
        .field("after", change.after)
        .say("{}", line);
  };
}

}  // namespace

asio::awaitable<Answer> Api::list_sites(const Request& request, std::string) {
  refuse_query(request.query);
  co_return answer_in_pieces(pieces_of_sites(services_.registry));
}

asio::awaitable<Answer> Api::get_site(const Request& request, std::string variable) {
  refuse_query(request.query);
  const auto& sites = services_.registry.directory().sites;
  const auto id = parse_id(variable);
  const auto place = id ? sites.find(*id) : sites.end();
  co_return place == sites.end() ? unknown("site", variable) : Answer{.body = to_json(place->second)};
}

asio::awaitable<Answer> Api::create_site(const Request& request, std::string) {
  refuse_query(request.query);
  auto body = parse_body(request);
  if (auto* refusal = std::get_if<Answer>(&body)) co_return std::move(*refusal);
  auto start = [&](registry::Service::Handler<Site> handler) {
    services_.registry.create_site(std::move(std::get<json::object>(body)), std::move(handler),
                                   audit<Site>(access_, request, "site"));
  };
  const Result<Site> result = co_await awaited<Result<Site>>(start);
  co_return written(result, 201, "/api/sites");
}

asio::awaitable<Answer> Api::update_site(const Request& request, std::string variable) {
  refuse_query(request.query);
  const auto id = parse_id(variable);
  if (!id) co_return unknown("site", variable);
  auto body = parse_body(request);
  if (auto* refusal = std::get_if<Answer>(&body)) co_return std::move(*refusal);
  auto start = [&](registry::Service::Handler<Site> handler) {
    services_.registry.update_site(*id, std::move(std::get<json::object>(body)), std::move(handler),
                                   audit<Site>(access_, request, "site"));
  };
  const Result<Site> result = co_await awaited<Result<Site>>(start);
  co_return written(result, 200, "/api/sites");
}

asio::awaitable<Answer> Api::remove_site(const Request& request, std::string variable) {
  refuse_query(request.query);
  const auto id = parse_id(variable);
  if (!id) co_return unknown("site", variable);
  auto start = [&](registry::Service::Handler<std::monostate> handler) {
    services_.registry.remove_site(*id, std::move(handler), audit<Site>(access_, request, "site"));
  };
  const Result<std::monostate> result = co_await awaited<Result<std::monostate>>(start);
  co_return removed(result);
}

asio::awaitable<Answer> Api::list_devices(const Request& request, std::string) {
  const auto site_id = site_wanted_by(request.query);
  const registry::Directory& directory = services_.registry.directory();
  if (site_id && !directory.sites.contains(*site_id)) co_return unknown("site", std::to_string(*site_id));
  co_return answer_in_pieces(pieces_of_devices(services_.registry, site_id));
}

asio::awaitable<Answer> Api::get_device(const Request& request, std::string variable) {
  refuse_query(request.query);
  const auto& devices = services_.registry.directory().devices;
  const auto id = parse_id(variable);
  const auto place = id ? devices.find(*id) : devices.end();
  co_return place == devices.end() ? unknown("device", variable) : Answer{.body = to_json(place->second)};
}

asio::awaitable<Answer> Api::create_device(const Request& request, std::string) {
  refuse_query(request.query);
  auto body = parse_body(request);
  if (auto* refusal = std::get_if<Answer>(&body)) co_return std::move(*refusal);
  auto not_allowed = refuse_address(std::get<json::object>(body), services_);
  if (not_allowed) co_return std::move(*not_allowed);
  auto start = [&](registry::Service::Handler<Device> handler) {
    services_.registry.create_device(std::move(std::get<json::object>(body)), std::move(handler),
                                     audit<Device>(access_, request, "device"));
  };
  const Result<Device> result = co_await awaited<Result<Device>>(start);
  co_return written(result, 201, "/api/devices");
}

asio::awaitable<Answer> Api::update_device(const Request& request, std::string variable) {
  refuse_query(request.query);
  const auto id = parse_id(variable);
  if (!id) co_return unknown("device", variable);
  auto body = parse_body(request);
  if (auto* refusal = std::get_if<Answer>(&body)) co_return std::move(*refusal);
  auto not_allowed = refuse_address(std::get<json::object>(body), services_);
  if (not_allowed) co_return std::move(*not_allowed);
  auto start = [&](registry::Service::Handler<Device> handler) {
    services_.registry.update_device(*id, std::move(std::get<json::object>(body)), std::move(handler),
                                     audit<Device>(access_, request, "device"));
  };
  const Result<Device> result = co_await awaited<Result<Device>>(start);
  co_return written(result, 200, "/api/devices");
}

asio::awaitable<Answer> Api::remove_device(const Request& request, std::string variable) {
  refuse_query(request.query);
  const auto id = parse_id(variable);
  if (!id) co_return unknown("device", variable);
  auto start = [&](registry::Service::Handler<std::monostate> handler) {
    services_.registry.remove_device(*id, std::move(handler), audit<Device>(access_, request, "device"));
  };
  const Result<std::monostate> result = co_await awaited<Result<std::monostate>>(start);
  co_return removed(result);
}

asio::awaitable<Answer> Api::get_diagnostics(const Request& request, std::string variable) {
  refuse_query(request.query);
  const auto& devices = services_.registry.directory().devices;
  const auto id = parse_id(variable);
  const auto place = id ? devices.find(*id) : devices.end();
  if (place == devices.end()) co_return unknown("device", variable);
  Answer answer;
  answer.body = co_await services_.diagnostics(place->second);
  co_return answer;
}

}  // namespace gensetd::http
