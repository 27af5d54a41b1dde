#include "api/json_bodies.hpp"

#include "api/text_json.hpp"
#include "profile/number_rules.hpp"
#include "profile/roles.hpp"
#include "profile/units.hpp"
#include "profile/words.hpp"
#include "reading/reading.hpp"
#include "text/json_text.hpp"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include <cctype>
#include <string>

namespace gensetd::api {
namespace {

using server::HttpRequest;
using server::HttpResponse;

namespace json = boost::json;

// Deeper than any body of the API; bounds the parser's stack.
constexpr std::size_t depth_max = 32;

json::value unit_label_json(std::string_view symbol) {
  const profile::Unit* unit = profile::find_unit(symbol);
  if (unit == nullptr) return nullptr;
  return json::object{{"en", unit->symbol}, {"ru", unit->russian}};
}

json::object field_json(const profile::Field& field) {
  json::object out{
      {"name", field.name},
      {"label", text_json(field.label)},
      {"unit", field.unit},
      {"unit_label", unit_label_json(field.unit)},
      {"decimals", field.decimals},
      {"signed", field.shows_sign},
      {"group", field.group},
      {"codes", field.codes.empty() ? json::value(nullptr) : json::value(field.codes)},
      {"role", field.role ? json::value(profile::row_of(*field.role).name) : json::value(nullptr)},
      {"type", profile::to_word(field.type)},
      {"table", profile::to_word(field.table)},
      {"address", field.address}};
  if (field.type == profile::Type::bit && !modbus::reads_bits(field.table)) out["bit"] = field.bit;
  if (!profile::has_fixed_length(field.type)) out["registers"] = profile::register_count(field);
  return out;
}

json::object block_json(const profile::Block& block) {
  json::object out{{"name", block.name},
                   {"table", profile::to_word(block.table)},
                   {"address", block.address},
                   {"count", block.count}};
  if (block.every > 1) out["every"] = block.every;
  if (!block.when.empty()) out["when"] = json::array(block.when.begin(), block.when.end());
  return out;
}

json::object code_table_json(const profile::CodeTable& table) {
  json::array codes;
  for (const auto& code : table.codes)
    codes.push_back(json::object{
        {"value", code.value},
        {"key", code.key},
        {"label", text_json(code.label)},
        {"means", code.means ? json::value(profile::to_word(*code.means)) : json::value(nullptr)}});
  return {{"name", table.name}, {"codes", std::move(codes)}};
}

}  // namespace

bool has_media_type(std::string_view content_type, std::string_view expected) {
  const std::string_view type = content_type.substr(0, content_type.find(';'));
  const auto last = type.find_last_not_of(" \t");
  if (last == std::string_view::npos || last + 1 != expected.size()) return false;
  for (std::size_t index = 0; index < expected.size(); ++index) {
    if (std::tolower(static_cast<unsigned char>(type[index])) != expected[index]) return false;
  }
  return true;
}

std::string to_json(const registry::Site& site) {
  return text::JsonText{}
      .field("id", site.id)
      .field("name", site.name)
      .field("code", site.code)
      .field("network", site.network)
      .field("description", site.description)
      .field("is_active", site.is_active)
      .json("topology", site.topology ? registry::print_topology(*site.topology) : "null")
      .json("alarm_notes", site.alarm_notes ? registry::print_alarm_notes(*site.alarm_notes) : "null")
      .field("created_at", reading::print_timestamp(site.created_at))
      .field("updated_at", reading::print_timestamp(site.updated_at))
      .finish();
}

std::string to_json(const registry::Device& device) {
  return text::JsonText{}
      .field("id", device.id)
      .field("site_id", device.site_id)
      .field("name", device.name)
      .field("device_type", profile::to_word(device.device_type))
      .field("profile", device.profile)
      .field("ip_address", device.ip_address)
      .field("port", device.port)
      .field("protocol", profile::to_word(device.protocol))
      .field("slave_id", device.slave_id)
      .field("is_active", device.is_active)
      .field("poll_interval", device.poll_interval)
      .field("modbus_timeout", device.modbus_timeout)
      .field("retry_delay", device.retry_delay)
      .field("offline_after", device.offline_after)
      .field("connect_delay", device.connect_delay)
      .field("description", device.description)
      .field("rated_power_kw", device.rated_power_kw)
      .field("nominal_voltage", device.nominal_voltage)
      .field("battery_voltage", device.battery_voltage)
      .json("limits", device.limits ? registry::print_bands(*device.limits) : "null")
      .json("inputs", device.inputs ? registry::print_inputs(*device.inputs) : "null")
      .field("created_at", reading::print_timestamp(device.created_at))
      .field("updated_at", reading::print_timestamp(device.updated_at))
      .finish();
}

std::string to_json(const registry::StoredProfile& profile) {
  return text::JsonText{}
      .field("name", profile.name)
      .field("toml", profile.toml)
      .field("changed_at", reading::print_timestamp(profile.changed_at))
      .field("changed_by", profile.changed_by)
      .finish();
}

json::object to_json(const profile::Profile& profile, profile::Origin origin) {
  json::object out{{"name", profile.name},
                   {"title", text_json(profile.title)},
                   {"device_type", profile::to_word(profile.device_type)},
                   {"protocol", profile::to_word(profile.protocol)},
                   {"origin", profile::to_word(origin)},
                   {"confirmed", profile.is_confirmed},
                   {"seen", json::array(profile.seen.begin(), profile.seen.end())}};
  json::array groups;
  for (const auto& group : profile.groups)
    groups.push_back(json::object{{"name", group.name}, {"label", text_json(group.label)}});
  json::array tables;
  for (const auto& table : profile.code_tables) tables.push_back(code_table_json(table));
  json::array blocks;
  for (const auto& block : profile.blocks) blocks.push_back(block_json(block));
  json::array fields;
  for (const auto& field : profile.fields) fields.push_back(field_json(field));
  out["groups"] = std::move(groups);
  out["code_tables"] = std::move(tables);
  out["blocks"] = std::move(blocks);
  out["fields"] = std::move(fields);
  return out;
}

json::array roles_json() {
  json::array out;
  for (std::size_t index = 0; index < profile::roles.size(); ++index) {
    const profile::RoleRow& role = profile::roles[index];
    json::array means;
    for (const auto& [word, meaning] : profile::meanings_of(static_cast<profile::Role>(index)))
      means.push_back(json::value(word));
    out.push_back(json::object{{"name", role.name},
                               {"kind", profile::to_word(role.kind)},
                               {"unit", role.unit},
                               {"unit_label", unit_label_json(role.unit)},
                               {"means", std::move(means)},
                               {"label", json::object{{"en", role.en}, {"ru", role.ru}}}});
  }
  return out;
}

std::variant<json::object, HttpResponse> parse_body(const HttpRequest& request) {
  if (!has_media_type(request.content_type, "application/json"))
    return server::error_response(415, "unsupported_media_type",
                                  "send the body as Content-Type: application/json");
  json::error_code failed;
  json::parse_options options;
  options.max_depth = depth_max;
  json::value body = json::parse({request.body.data(), request.body.size()}, failed, {}, options);
  if (failed)
    return server::error_response(400, "malformed_json",
                                  "the body is not well-formed JSON: " + failed.message());
  if (!body.is_object())
    return server::error_response(400, "malformed_json", "the body must be a JSON object");
  return std::move(body.as_object());
}

HttpResponse refusal_response(const registry::Refusal& refusal) {
  using Kind = registry::Refusal::Kind;
  unsigned status = 422;
  if (refusal.kind == Kind::not_found) status = 404;
  if (refusal.kind == Kind::conflict) status = 409;
  if (refusal.kind == Kind::unavailable) status = 503;
  return server::error_response(status, refusal.code, refusal.message, refusal.field);
}

}  // namespace gensetd::api
