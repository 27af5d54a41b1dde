#include "history/history.hpp"
#include "http/api.hpp"
#include "http/history_query.hpp"
#include "http/turns.hpp"
#include "reading/moment.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>
#include <vector>

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
  const auto now = reading::system_now();
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
  std::vector<std::size_t> indices = indices_of(query.fields, *profile);
  const history::Record nothing(profile);
  std::vector<history::Buckets> buckets;
  while (buckets.size() < indices.size()) {
    if (!buckets.empty()) co_await Turns::others_first();
    record = services_.history.record(query.device_id);
    // The device was removed or got another profile meanwhile: its history is another one.
    const bool is_gone = !services_.registry.directory().devices.contains(query.device_id);
    if (is_gone || (record != nullptr && record->profile() != profile)) {
      Answer again = co_await get_history(request, std::string{});
      co_return again;
    }
    const history::Record& read = record != nullptr ? *record : nothing;
    const auto first = indices.begin() + static_cast<std::ptrdiff_t>(buckets.size());
    const std::size_t count = std::min(fields_at_once(read.readings()), indices.size() - buckets.size());
    const std::vector<std::size_t> some(first, first + static_cast<std::ptrdiff_t>(count));
    const milliseconds lasting = lasting_of(services_.hub.cadence(query.device_id));
    std::ranges::move(history::buckets_of(read, some, query.period, lasting, now),
                      std::back_inserter(buckets));
  }
  co_return answer_in_pieces(pieces_of_history(query, profile, std::move(indices), std::move(buckets)));
}

}  // namespace gensetd::http
