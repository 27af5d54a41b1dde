#include "api/connection_bodies.hpp"

#include "profile/words.hpp"
#include "registry/fields.hpp"
#include "registry/validation.hpp"
#include "text/json_text.hpp"

#include <boost/json/value.hpp>
#include <fmt/format.h>

#include <array>
#include <string_view>
#include <utility>

namespace gensetd::api {
namespace {

using server::HttpResponse;

namespace json = boost::json;
using registry::Refusal;

constexpr std::array<std::string_view, 3> range_fields = {"table", "address", "count"};
constexpr std::int64_t register_max = 65'535;

void add_protocol(json::object& body, const profile::Catalog& catalog) {
  const json::value* name = body.if_contains("profile");
  if (body.contains("protocol") || name == nullptr || !name->is_string()) return;
  const auto profile = catalog.find({name->get_string().data(), name->get_string().size()});
  if (profile) body["protocol"] = profile::to_word(profile->protocol);
}

// Runs of neighbouring registers or bits: [{"address":120,"values":[3985,3990]}, …].
std::string print_runs(const modbus::RawValues& registers) {
  std::string text = "[";
  std::optional<modbus::TableAddress> before;
  for (const auto& [place, raw] : registers) {
    if (!before || before->function != place.function || before->address + 1 != place.address) {
      text += fmt::format("{}{{{}\"address\":{},\"values\":[{}", before ? "]}," : "",
                          profile::table_key(place.function), place.address, raw);
    } else {
      text += fmt::format(",{}", raw);
    }
    before = place;
  }
  text += registers.empty() ? "]" : "]}]";
  return text;
}

}  // namespace

registry::Result<ProbeRequest> target_of(json::object body, const profile::Catalog& catalog) {
  add_protocol(body, catalog);
  const auto target = registry::connection_target(body, registry::ProfileNames(catalog));
  if (const auto* refusal = std::get_if<Refusal>(&target)) return *refusal;
  const auto& device = std::get<registry::Device>(target);
  return ProbeRequest{.ip_address = device.ip_address,
                      .port = device.port,
                      .slave_id = device.slave_id,
                      .protocol = device.protocol,
                      .profile = catalog.find(device.profile)};
}

std::optional<HttpResponse> refuse_address(const json::object& body, const ApiServices& services) {
  const json::value* given = body.if_contains("ip_address");
  if (given == nullptr || !given->is_string()) return std::nullopt;
  const std::string reason =
      services.address_refusal({given->get_string().data(), given->get_string().size()});
  if (reason.empty()) return std::nullopt;
  return server::error_response(422, "address_not_allowed", "ip_address: " + reason, "ip_address");
}

registry::Result<std::optional<modbus::ReadRequest>> take_range(json::object& body) {
  const json::value* raw = body.if_contains("raw");
  if (raw == nullptr) return std::optional<modbus::ReadRequest>{};
  if (!raw->is_object())
    return Refusal{.code = "invalid_value",
                   .message = R"(raw must be an object, such as {"address": 120, "count": 16})",
                   .field = "raw"};
  registry::Fields fields{raw->get_object(), range_fields};
  for (const auto* name : {"address", "count"}) fields.require(name);
  std::int64_t first = 0;
  std::int64_t count = 1;
  modbus::Function table = modbus::Function::holding_registers;
  if (const auto word = fields.word("table")) {
    const auto given = profile::table_from(*word);
    if (!given) fields.refuse_value("table", "one of holding, input, coils, discrete");
    table = given.value_or(table);
  }
  fields.read_whole("address", 0, register_max, first);
  fields.read_whole("count", 1, modbus::count_max(table), count);
  if (!fields.refusal() && first + count > register_max + 1)
    fields.refuse_value("count", fmt::format("such that the last register is at most {}", register_max));
  if (fields.refusal()) {
    Refusal refusal = *fields.refusal();
    refusal.field = "raw." + refusal.field;
    refusal.message = "raw: " + refusal.message;
    return refusal;
  }
  body.erase("raw");
  return std::optional{modbus::ReadRequest{.function = table,
                                           .first = static_cast<std::uint16_t>(first),
                                           .count = static_cast<std::uint16_t>(count)}};
}

std::string to_json(const ProbeResult& result) {
  const bool success = result.error.empty();
  return text::JsonText{}
      .field("success", success)
      .field("error", success ? std::nullopt : std::optional{result.error})
      .field("latency_ms", static_cast<double>(result.latency.count()) / 1000.0)
      .field("address", result.address)
      .field("raw_value", success ? std::optional{result.raw_value} : std::nullopt)
      .field("identity", result.identity)
      .field("identity_reason", result.identity_reason)
      .field("firmware", result.firmware)
      .finish();
}

std::string to_json(const ReadNowResult& result) {
  const bool success = result.error.empty();
  const bool has_reading = success && result.content;
  return text::JsonText{}
      .field("success", success)
      .field("error", success ? std::nullopt : std::optional{result.error})
      .field("latency_ms", static_cast<double>(result.latency.count()) / 1000.0)
      .field("requests", result.requests)
      .json("reading", has_reading ? reading::print_unregistered(*result.content) : "null")
      .json("registers", print_runs(result.registers))
      .finish();
}

}  // namespace gensetd::api
