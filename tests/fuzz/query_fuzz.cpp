#include "api/event_queries.hpp"
#include "api/history_query.hpp"
#include "api/time_query.hpp"
#include "check.hpp"
#include "events/query.hpp"
#include "server/query_parameters.hpp"
#include "stream/stream_options.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

using namespace gensetd;
using std::chrono::hours;

namespace {

// Accepted, or refused with one line for people.
template <class Try>
void attempt(Try use) {
  try {
    use();
  } catch (const server::BadQuery& bad) {
    const std::string_view message = bad.what();
    check(!message.empty() && message.find('\n') == std::string_view::npos);
  }
}

void try_events(std::string_view text) {
  const events::EventQuery query = api::event_query(text);
  check(query.limit >= 1 && query.limit <= api::events_per_response_max);
  check(!query.from || !query.to || *query.from < *query.to);
  check(query.site_id.value_or(1) > 0 && query.device_id.value_or(1) > 0);
  if (query.before) check(events::parse_cursor(events::print_cursor(*query.before)) == query.before);
}

void try_history(std::string_view text) {
  const reading::Timestamp now{hours{500'000}};
  const auto query = api::history_query(text, hours{1}, now);
  check(query.device_id > 0 && query.fields.size() <= api::history_fields_max);
  const history::Period& period = query.period;
  check(period.from < period.to && period.step() >= std::chrono::milliseconds{1});
  check(period.buckets() >= 1 && period.buckets() <= api::history_points_max);
  check(period.from + period.step() * static_cast<std::int64_t>(period.buckets()) >= period.to);
}

}  // namespace

// The text is parsed as each of the queries, a cursor, a time and an id. An accepted text keeps to the limits
// and prints as it was.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  attempt([&] {
    const auto parameters = server::parse_query(text, {"device_id", "site_id", "from"});
    check(parameters.size() <= 3);
    const auto id = server::id_parameter(parameters, "device_id");
    check(!id || *id > 0);
    api::time_parameter(parameters, "from");
  });
  attempt([&] {
    const auto options = stream::parse_stream_options(text);
    if (options.devices) {
      check(!options.devices->empty() && options.devices->size() <= stream::devices_in_list_max);
      check(*options.devices->begin() > 0);
    }
  });
  attempt([&] { try_events(text); });
  attempt([&] { try_history(text); });
  if (const auto cursor = events::parse_cursor(text))
    check(events::parse_cursor(events::print_cursor(*cursor)) == cursor);
  if (const auto time = reading::parse_timestamp(text)) check(reading::print_timestamp(*time) == text);
  if (const auto time = api::parse_time(text)) {
    const std::string printed = reading::print_timestamp(*time);
    check(api::parse_time(printed) == time && reading::parse_timestamp(printed) == time);
    check(text.size() >= 20);
  }
  if (const auto id = server::parse_id(text)) check(std::to_string(*id) == text);
  return 0;
}
