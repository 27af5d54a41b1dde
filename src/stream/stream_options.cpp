#include "stream/stream_options.hpp"

#include "server/query_parameters.hpp"
#include "text/list.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <optional>
#include <set>

namespace gensetd::stream {
namespace {

using server::BadQuery;

std::set<std::int64_t> parse_devices(std::string_view list) {
  std::set<std::int64_t> ids;
  for (const std::string_view entry : text::split_list(list)) {
    const auto id = server::parse_id(entry);
    if (!id)
      throw BadQuery("devices must be positive whole numbers separated by commas, such as 1,2,3", "devices");
    ids.insert(*id);
    if (ids.size() > devices_in_list_max)
      throw BadQuery(
          fmt::format("devices contains more than {} ids; omit it for all devices", devices_in_list_max),
          "devices");
  }
  return ids;
}

}  // namespace

StreamOptions parse_stream_options(std::string_view query) {
  StreamOptions options;
  for (const server::QueryParameter& parameter : server::parse_query(query, {"devices", "proto"})) {
    if (parameter.name == "devices") {
      options.devices = parse_devices(parameter.value);
    } else if (parameter.value == "1" || parameter.value == "2") {
      options.is_dashboard = parameter.value == "2";
    } else {
      throw BadQuery("proto must be 1, the protocol of the specification, or 2", "proto");
    }
  }
  return options;
}

}  // namespace gensetd::stream
