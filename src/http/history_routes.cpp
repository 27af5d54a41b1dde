#include "history/history.hpp"
#include "http/api.hpp"
#include "http/history_query.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

// What was read in the last hour or so.
namespace gensetd::http {
namespace {

using std::chrono::milliseconds;

// A reading stands for this long, as on a page: three of its distances, at least five seconds.
milliseconds lasting_of(std::optional<milliseconds> cadence) {
  constexpr milliseconds least{5'000};
  return std::max(least, 3 * cadence.value_or(milliseconds{0}));
}

}  // namespace

boost::asio::awaitable<Answer> Api::get_history(const Request& request, std::string) {
  const auto now = std::chrono::floor<milliseconds>(std::chrono::system_clock::now());
  const HistoryQuery query = history_query(request.query, services_.history.options().span, now);
  const auto& devices = services_.registry.directory().devices;
  const auto device = devices.find(query.device_id);
  if (device == devices.end())
    co_return error_answer(404, "not_found", fmt::format("there is no device {}", query.device_id),
                           "device_id");
  const history::Record* record = services_.history.record(query.device_id);
  const profile::ProfilePtr profile =
      record != nullptr ? record->profile() : services_.profiles->find(device->second.profile);
  if (!profile)
    co_return error_answer(404, "not_found", fmt::format("there is no profile {}", device->second.profile),
                           "device_id");
  const auto indices = indices_of(query.fields, *profile);
  const history::Record nothing(profile);
  const auto buckets = history::buckets_of(record != nullptr ? *record : nothing, indices, query.period,
                                           lasting_of(services_.hub.cadence(query.device_id)), now);
  co_return Answer{.body = print_history(query, *profile, indices, buckets)};
}

}  // namespace gensetd::http
