#include "api/api.hpp"
#include "api/audit.hpp"
#include "api/json_bodies.hpp"
#include "api/point_json.hpp"
#include "log/log.hpp"
#include "profile/names.hpp"
#include "registry/profile_changes.hpp"
#include "server/await_callback.hpp"
#include "server/query_parameters.hpp"

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>

// Register maps: the list, one of them, upload and removal.
namespace gensetd::api {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;
using registry::Result;
using registry::Service;
using registry::StoredProfile;
using server::HttpRequest;
using server::HttpResponse;

// By name, because the catalog may change while the client takes the list.
text::Pieces pieces_of_profiles(const profile::Catalog& profiles) {
  auto next = [&profiles, last = std::string{}](std::string& out) mutable {
    const auto found = profiles.all().upper_bound(last);
    if (found == profiles.all().end()) return false;
    last = found->first;
    out += json::serialize(to_json(*found->second, profiles.origin_of(last)));
    return true;
  };
  return text::pieces_of_list(std::move(next));
}

json::object profile_json(const profile::Catalog& profiles, const profile::Profile& profile) {
  json::object body = to_json(profile, profiles.origin_of(profile.name));
  body["alarm_points"] = alarm_points_json(profile);
  return body;
}

HttpResponse no_such_profile(std::string_view name) {
  return server::error_response(404, "not_found", fmt::format("there is no profile {}", name.substr(0, 40)));
}

bool is_toml(std::string_view content_type) {
  return has_media_type(content_type, "application/toml") || has_media_type(content_type, "text/plain");
}

// A function, because g++ 12 loses the texts of an initializer list inside a coroutine.
bool is_forced(std::string_view query) {
  return server::flag_parameter(server::parse_query(query, {"force"}), "force");
}

// Why the body of an upload is refused before it is read as TOML.
std::optional<HttpResponse> refuse_upload(const HttpRequest& request, std::string_view name) {
  if (!is_toml(request.content_type))
    return server::error_response(415, "unsupported_media_type",
                                  "send the body as Content-Type: application/toml or text/plain");
  if (request.body.size() > StoredProfile::bytes_max)
    return server::error_response(413, "body_too_large",
                                  fmt::format("the body is larger than {} bytes", StoredProfile::bytes_max));
  if (!profile::is_name(name))
    return server::error_response(
        422, "invalid_value", fmt::format("the name of a profile must be {}", profile::name_allowed), "name");
  if (request.body.empty())
    return server::error_response(422, "invalid_profile", "the body is empty; send the TOML of the profile");
  return std::nullopt;
}

// Logs a change. It copies its data, because the outcome of a change whose response was lost is found out
// after the request has ended.
Service::ChangeObserver<StoredProfile> audit(const server::AccessPolicy& access, const HttpRequest& request) {
  return [who = std::string{access.administrator_name()}, from = std::string{request.from}](
             const std::optional<StoredProfile>& before, const std::optional<StoredProfile>& after,
             Service::ChangeOutcome outcome) {
    log::info("profile_changed")
        .field("who", who)
        .field("from", from)
        .field("profile", after ? after->name : before->name)
        .field("bytes_before", before ? before->toml.size() : 0)
        .field("bytes_after", after ? after->toml.size() : 0)
        .say("{}", profile_audit_line(who, from, before, after, outcome));
  };
}

}  // namespace

asio::awaitable<HttpResponse> Api::list_profiles(const HttpRequest& request, std::string) {
  server::require_no_query(request.query);
  co_return server::response_in_pieces(pieces_of_profiles(*services_.profiles));
}

asio::awaitable<HttpResponse> Api::get_profile(const HttpRequest& request, std::string name) {
  server::require_no_query(request.query);
  const auto profile = services_.profiles->find(name);
  if (!profile) co_return no_such_profile(name);
  co_return HttpResponse{.body = json::serialize(profile_json(*services_.profiles, *profile))};
}

asio::awaitable<HttpResponse> Api::put_profile(const HttpRequest& request, std::string name) {
  registry::ProfileChange change{.name = name,
                                 .toml = std::string{request.body},
                                 .changed_by = std::string{access_.administrator_name()},
                                 .is_forced = is_forced(request.query)};
  if (auto refused = refuse_upload(request, name)) co_return std::move(*refused);
  const bool is_new = !services_.registry.directory().profiles.contains(name);
  auto start = [&](Service::Handler<std::monostate> handler) {
    services_.registry.change_profile(std::move(change), std::move(handler), audit(access_, request));
  };
  const auto result = co_await server::await_callback<Result<std::monostate>>(start);
  if (const auto* refusal = std::get_if<registry::Refusal>(&result)) co_return refusal_response(*refusal);
  const auto profile = services_.profiles->find(name);
  if (!profile) co_return no_such_profile(name);  // removed meanwhile
  HttpResponse response{.status = is_new ? 201U : 200U,
                        .body = json::serialize(profile_json(*services_.profiles, *profile))};
  if (is_new) response.headers.emplace_back("Location", fmt::format("/api/profiles/{}", name));
  co_return response;
}

asio::awaitable<HttpResponse> Api::remove_profile(const HttpRequest& request, std::string name) {
  registry::ProfileChange change{.name = std::move(name),
                                 .toml = std::nullopt,
                                 .changed_by = std::string{access_.administrator_name()},
                                 .is_forced = is_forced(request.query)};
  auto start = [&](Service::Handler<std::monostate> handler) {
    services_.registry.change_profile(std::move(change), std::move(handler), audit(access_, request));
  };
  const auto result = co_await server::await_callback<Result<std::monostate>>(start);
  if (const auto* refusal = std::get_if<registry::Refusal>(&result)) co_return refusal_response(*refusal);
  co_return HttpResponse{.status = 204};
}

}  // namespace gensetd::api
