#include "api/history_query.hpp"

#include "api/time_query.hpp"
#include "text/json_text.hpp"
#include "text/list.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace gensetd::api {
namespace {

constexpr std::chrono::days period_max{31};

std::vector<std::string> fields_of(const std::string& list) {
  std::vector<std::string> fields;
  for (const std::string_view field : text::split_list(list)) {
    if (field.empty())
      throw server::BadQuery("fields must be names separated by commas; the profile lists them", "fields");
    if (std::ranges::find(fields, field) == fields.end()) fields.emplace_back(field);
    if (fields.size() > history_fields_max)
      throw server::BadQuery(fmt::format("fields contains more than {} names", history_fields_max), "fields");
  }
  return fields;
}

}  // namespace

HistoryQuery history_query(std::string_view query, std::chrono::milliseconds span, reading::Timestamp now) {
  const auto parameters = server::parse_query(query, {"device_id", "fields", "from", "to", "points"});
  const auto device_id = server::id_parameter(parameters, "device_id");
  if (!device_id) throw server::BadQuery("device_id is missing", "device_id");
  const server::QueryParameter* fields = server::find_parameter(parameters, "fields");
  if (fields == nullptr)
    throw server::BadQuery("fields is missing: give field names of the profile, separated by commas",
                           "fields");
  const auto to = time_parameter(parameters, "to").value_or(now);
  const auto from = time_parameter(parameters, "from").value_or(to - span);
  check_order(from, to);
  if (to - from > period_max)
    throw server::BadQuery(fmt::format("from is more than {} days before to", period_max.count()), "from");
  const auto points =
      static_cast<std::size_t>(server::integer_parameter(parameters, "points", 1, history_points_max, 300));
  return {.device_id = *device_id,
          .fields = fields_of(fields->value),
          .period = {.from = from, .to = to, .points = points}};
}

std::vector<std::size_t> indices_of(const std::vector<std::string>& fields, const profile::Profile& profile) {
  std::vector<std::size_t> indices;
  for (const std::string& name : fields) {
    const auto field = std::ranges::find(profile.fields, name, &profile::Field::name);
    if (field == profile.fields.end())
      throw server::BadQuery(
          fmt::format("the profile {} of this device has no field '{}'", profile.name, name.substr(0, 64)),
          "fields");
    if (field->type == profile::Type::text)
      throw server::BadQuery(fmt::format("field '{}' is a text, which has no history", field->name),
                             "fields");
    indices.push_back(static_cast<std::size_t>(field - profile.fields.begin()));
  }
  return indices;
}

std::size_t fields_per_slice(std::size_t readings) {
  constexpr std::size_t values_per_slice = 100'000;  // about ten nanoseconds each
  return std::max<std::size_t>(1, values_per_slice / std::max<std::size_t>(1, readings));
}

text::Pieces pieces_of_history(const HistoryQuery& query, profile::ProfilePtr profile,
                               std::vector<std::size_t> indices, std::vector<history::Buckets> buckets) {
  std::string head = text::JsonText{}
                         .field("device_id", query.device_id)
                         .field("from", reading::print_timestamp(query.period.from))
                         .field("to", reading::print_timestamp(query.period.to))
                         .field("step_ms", query.period.step().count())
                         .finish();
  head.back() = ',';
  head += R"("fields":{)";
  return [head = std::move(head), profile = std::move(profile), indices = std::move(indices),
          buckets = std::move(buckets), field = std::size_t{0},
          bucket = std::size_t{0}](std::string& out) mutable {
    out += std::exchange(head, {});
    for (; field < indices.size(); ++field, bucket = 0) {
      const profile::Field& shown = profile->fields[indices[field]];
      if (bucket == 0) {
        if (out.size() >= text::piece_bytes) return true;
        if (field > 0) out += ',';
        text::append_json_string(out, shown.name);
        out += ":[";
      }
      for (; bucket < buckets[field].size(); ++bucket) {
        if (bucket > 0 && out.size() >= text::piece_bytes) return true;
        if (bucket > 0) out += ',';
        history::append_bucket(out, buckets[field][bucket], shown.decimals);
      }
      out += ']';
    }
    out += "}}";
    return false;
  };
}

}  // namespace gensetd::api
