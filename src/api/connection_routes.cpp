#include "api/api.hpp"
#include "api/connection_bodies.hpp"
#include "api/json_bodies.hpp"
#include "server/count_guard.hpp"
#include "server/query_parameters.hpp"

#include <fmt/format.h>

#include <utility>

// Connection tests, single reads and scans of controllers.
namespace gensetd::api {
namespace {

using server::HttpRequest;
using server::HttpResponse;

namespace asio = boost::asio;

// Each occupies its line for up to half a minute.
constexpr int running_reads_max = 4;

HttpResponse too_many_reads() {
  return server::retry_after(
      server::error_response(
          503, "too_many_reads",
          fmt::format("{} controllers are already being read or tested; try again in a moment",
                      running_reads_max)),
      "1");
}

}  // namespace

asio::awaitable<HttpResponse> Api::test_connection(const HttpRequest& request, std::string) {
  server::require_no_query(request.query);
  auto body = parse_body(request);
  if (auto* refusal = std::get_if<HttpResponse>(&body)) co_return std::move(*refusal);
  auto& given = std::get<boost::json::object>(body);
  auto not_allowed = refuse_address(given, services_);
  if (not_allowed) co_return std::move(*not_allowed);
  auto target = target_of(std::move(given), *services_.profiles);
  if (const auto* refusal = std::get_if<registry::Refusal>(&target)) co_return refusal_response(*refusal);
  if (running_reads_ >= running_reads_max) co_return too_many_reads();
  const server::CountGuard guard(running_reads_);
  const ProbeResult found = co_await services_.probe(std::move(std::get<ProbeRequest>(target)));
  co_return HttpResponse{.body = to_json(found)};
}

asio::awaitable<HttpResponse> Api::read_device(const HttpRequest& request, std::string) {
  server::require_no_query(request.query);
  auto body = parse_body(request);
  if (auto* refusal = std::get_if<HttpResponse>(&body)) co_return std::move(*refusal);
  auto& given = std::get<boost::json::object>(body);
  auto not_allowed = refuse_address(given, services_);
  if (not_allowed) co_return std::move(*not_allowed);
  const auto range = take_range(given);
  if (const auto* refusal = std::get_if<registry::Refusal>(&range)) co_return refusal_response(*refusal);
  auto target = target_of(std::move(given), *services_.profiles);
  if (const auto* refusal = std::get_if<registry::Refusal>(&target)) co_return refusal_response(*refusal);
  if (running_reads_ >= running_reads_max) co_return too_many_reads();
  const server::CountGuard guard(running_reads_);
  const auto range_to_read = std::get<std::optional<modbus::ReadRequest>>(range);
  const ReadNowResult found =
      co_await services_.read_now(std::move(std::get<ProbeRequest>(target)), range_to_read);
  co_return HttpResponse{.body = to_json(found)};
}

// One at a time: each occupies its line for up to a minute.
asio::awaitable<HttpResponse> Api::scan_address(const HttpRequest& request, std::string) {
  server::require_no_query(request.query);
  auto body = parse_body(request);
  if (auto* refusal = std::get_if<HttpResponse>(&body)) co_return std::move(*refusal);
  const auto& given = std::get<boost::json::object>(body);
  auto not_allowed = refuse_address(given, services_);
  if (not_allowed) co_return std::move(*not_allowed);
  auto target = registry::scan_target(given);
  if (const auto* refusal = std::get_if<registry::Refusal>(&target)) co_return refusal_response(*refusal);
  if (running_scans_ > 0)
    co_return server::error_response(409, "scan_running",
                                     "another scan is running; try again when it has ended, within a minute");
  const server::CountGuard guard(running_scans_);
  std::string found = co_await services_.scan(std::move(std::get<registry::ScanTarget>(target)));
  co_return HttpResponse{.body = std::move(found)};
}

}  // namespace gensetd::api
