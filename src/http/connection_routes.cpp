#include "http/api.hpp"
#include "http/connection_bodies.hpp"
#include "http/counted_place.hpp"
#include "http/json_bodies.hpp"
#include "http/query.hpp"

#include <fmt/format.h>

#include <utility>

// Reaching a controller now: connection tests and single reads.
namespace gensetd::http {
namespace {

namespace asio = boost::asio;

// Each holds a turn on its line for up to half a minute.
constexpr int reads_at_once_max = 4;

Answer too_many_reads() {
  Answer busy =
      error_answer(503, "too_many_reads",
                   fmt::format("{} controllers are being read or tested for others; try again in a moment",
                               reads_at_once_max));
  busy.headers.emplace_back("Retry-After", "1");
  return busy;
}

}  // namespace

asio::awaitable<Answer> Api::test_connection(const Request& request, std::string) {
  refuse_query(request.query);
  auto body = parse_body(request);
  if (auto* refusal = std::get_if<Answer>(&body)) co_return std::move(*refusal);
  auto& given = std::get<boost::json::object>(body);
  auto not_allowed = refuse_address(given, services_);
  if (not_allowed) co_return std::move(*not_allowed);
  auto target = target_of(std::move(given), *services_.profiles);
  if (const auto* refusal = std::get_if<registry::Refusal>(&target)) co_return refused(*refusal);
  if (reads_under_way_ >= reads_at_once_max) co_return too_many_reads();
  const CountedPlace place(reads_under_way_);
  const ProbeResult found = co_await services_.probe(std::move(std::get<ProbeRequest>(target)));
  co_return Answer{.body = to_json(found)};
}

asio::awaitable<Answer> Api::read_device(const Request& request, std::string) {
  refuse_query(request.query);
  auto body = parse_body(request);
  if (auto* refusal = std::get_if<Answer>(&body)) co_return std::move(*refusal);
  auto& given = std::get<boost::json::object>(body);
  auto not_allowed = refuse_address(given, services_);
  if (not_allowed) co_return std::move(*not_allowed);
  const auto range = take_range(given);
  if (const auto* refusal = std::get_if<registry::Refusal>(&range)) co_return refused(*refusal);
  auto target = target_of(std::move(given), *services_.profiles);
  if (const auto* refusal = std::get_if<registry::Refusal>(&target)) co_return refused(*refusal);
  if (reads_under_way_ >= reads_at_once_max) co_return too_many_reads();
  const CountedPlace place(reads_under_way_);
  const auto wanted = std::get<std::optional<modbus::ReadRequest>>(range);
  const ReadNowResult found = co_await services_.read_now(std::move(std::get<ProbeRequest>(target)), wanted);
  co_return Answer{.body = to_json(found)};
}

}  // namespace gensetd::http
