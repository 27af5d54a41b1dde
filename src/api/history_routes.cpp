#include "api/api.hpp"
#include "api/history_query.hpp"
#include "history/history.hpp"
#include "reading/clocks.hpp"
#include "server/work_slice.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>
#include <vector>

// The recent readings of a device.
namespace gensetd::api {
namespace {

using server::HttpRequest;
using server::HttpResponse;

using std::chrono::milliseconds;

// How long a reading is valid, as on the page: three intervals, at least five seconds.
milliseconds validity_of(std::optional<milliseconds> cadence) {
  constexpr milliseconds validity_min{5'000};
  return std::max(validity_min, 3 * cadence.value_or(milliseconds{0}));
}

}  // namespace

boost::asio::awaitable<HttpResponse> Api::get_history(const HttpRequest& request, std::string) {
  const auto now = reading::system_now();
  const HistoryQuery query = history_query(request.query, services_.history.options().span, now);
  const auto& devices = services_.registry.directory().devices;
  const auto device = devices.find(query.device_id);
  if (device == devices.end())
    co_return server::error_response(404, "not_found", fmt::format("there is no device {}", query.device_id),
                                     "device_id");
  const history::Record* record = services_.history.record(query.device_id);
  const profile::ProfilePtr profile =
      record != nullptr ? record->profile() : services_.profiles->find(device->second.profile);
  if (!profile)
    co_return server::error_response(
        404, "not_found", fmt::format("there is no profile {}", device->second.profile), "device_id");
  std::vector<std::size_t> indices = indices_of(query.fields, *profile);
  const history::Record empty_record(profile);
  std::vector<history::Buckets> buckets;
  while (buckets.size() < indices.size()) {
    if (!buckets.empty()) co_await server::WorkSlice::yield_to_others();
    record = services_.history.record(query.device_id);
    // The device was removed or its profile changed meanwhile: its history was replaced.
    const bool is_gone = !services_.registry.directory().devices.contains(query.device_id);
    if (is_gone || (record != nullptr && record->profile() != profile)) {
      HttpResponse retried = co_await get_history(request, std::string{});
      co_return retried;
    }
    const history::Record& read = record != nullptr ? *record : empty_record;
    const auto first = indices.begin() + static_cast<std::ptrdiff_t>(buckets.size());
    const std::size_t count = std::min(fields_per_slice(read.readings()), indices.size() - buckets.size());
    const std::vector<std::size_t> some(first, first + static_cast<std::ptrdiff_t>(count));
    const milliseconds validity = validity_of(services_.hub.reading_interval(query.device_id));
    std::ranges::move(history::buckets_of(read, some, query.period, validity, now),
                      std::back_inserter(buckets));
  }
  co_return server::response_in_pieces(
      pieces_of_history(query, profile, std::move(indices), std::move(buckets)));
}

}  // namespace gensetd::api
