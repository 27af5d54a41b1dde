#include "registry/validation.hpp"

#include "profile/catalog.hpp"
#include "profile/words.hpp"
#include "registry/address.hpp"
#include "registry/fields.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <utility>

namespace gensetd::registry {
namespace {

using modbus::Protocol;
using profile::DeviceType;

constexpr std::array<std::string_view, 7> site_fields = {"name",      "code",     "network",    "description",
                                                         "is_active", "topology", "alarm_notes"};
constexpr std::array<std::string_view, 20> device_fields = {
    "site_id",       "name",          "device_type", "profile",        "ip_address",      "port",
    "protocol",      "slave_id",      "is_active",   "poll_interval",  "modbus_timeout",  "retry_delay",
    "offline_after", "connect_delay", "description", "rated_power_kw", "nominal_voltage", "battery_voltage",
    "limits",        "inputs"};

constexpr std::array<std::string_view, 5> connection_fields = {"ip_address", "port", "slave_id", "protocol",
                                                               "profile"};

constexpr std::array<std::string_view, 4> scan_fields = {"ip_address", "port", "protocol", "slave_ids"};

constexpr TextRule name_rule = {.length_min = 1, .length_max = 200};
constexpr TextRule code_rule = {.length_min = 1, .length_max = 64};
constexpr TextRule profile_rule = {.length_min = 1, .length_max = 200};
constexpr TextRule network_rule = {.length_max = 200};
constexpr TextRule description_rule = {.length_max = 2000, .lines = true};

constexpr std::int64_t id_max = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t port_max = 65'535;
constexpr std::int64_t tcp_unit_max = 255;  // Modbus TCP: the unit identifier is any byte
constexpr std::int64_t rtu_unit_min = 1;    // serial line guide V1.02, 2.2: 0 is broadcast,
constexpr std::int64_t rtu_unit_max = 247;  // 248 to 255 are reserved

void read_site(Fields& fields, Site& site) {
  fields.read_text("name", name_rule, site.name);
  fields.read_text("code", code_rule, site.code);
  fields.read_text("network", network_rule, site.network);
  fields.read_text("description", description_rule, site.description);
  fields.read_flag("is_active", site.is_active);
  fields.read_attribute("topology", parse_topology, site.topology);
  fields.read_attribute("alarm_notes", parse_alarm_notes, site.alarm_notes);
}

void read_device_type(Fields& fields, Device& device) {
  const auto word = fields.word("device_type");
  if (!word) return;
  const auto type = profile::device_type_from(*word);
  if (!type) return fields.refuse_value("device_type", "generator or ats");
  device.device_type = *type;
}

void read_profile(Fields& fields, const ProfileNames& profiles, std::string& profile) {
  if (const auto word = fields.word("profile")) profile = *word;
  if (fields.refusal() || profiles.has(profile)) return;
  fields.refuse(
      "profile", "invalid_value",
      fmt::format("unknown profile '{}'; the profiles are {}", shortened(profile), profiles.list()));
}

void read_address(Fields& fields, std::string& address) {
  const auto word = fields.word("ip_address");
  if (!word) return;
  auto normal = normal_address(*word);
  if (!normal) {
    return fields.refuse_value(
        "ip_address", "an IPv4 address, an IPv6 address or a host name, without scheme, port or spaces");
  }
  address = *std::move(normal);
}

void read_protocol(Fields& fields, Protocol& protocol) {
  const auto word = fields.word("protocol");
  if (!word) return;
  const auto known = profile::protocol_from(*word);
  if (!known) return fields.refuse_value("protocol", "tcp or rtu_over_tcp");
  protocol = *known;
}

// The range of the unit id depends on the protocol, also when only the protocol is changed.
void read_slave_id(Fields& fields, Device& device) {
  std::int64_t slave_id = device.slave_id;
  fields.read_whole("slave_id", 0, tcp_unit_max, slave_id);
  if (device.protocol == Protocol::rtu_over_tcp && (slave_id < rtu_unit_min || slave_id > rtu_unit_max)) {
    return fields.refuse_value(
        "slave_id", fmt::format("from {} to {} with protocol rtu_over_tcp", rtu_unit_min, rtu_unit_max));
  }
  device.slave_id = static_cast<std::uint8_t>(slave_id);
}

void read_port(Fields& fields, std::uint16_t& into) {
  std::int64_t port = into;
  fields.read_whole("port", 1, port_max, port);
  into = static_cast<std::uint16_t>(port);
}

void read_connection(Fields& fields, Device& device) {
  read_address(fields, device.ip_address);
  read_port(fields, device.port);
  read_protocol(fields, device.protocol);
  read_slave_id(fields, device);
}

std::optional<std::vector<std::uint8_t>> parse_slave_ids(const boost::json::value& value, Protocol protocol,
                                                         std::string& allowed) {
  const bool is_serial = protocol == Protocol::rtu_over_tcp;
  const std::int64_t least = is_serial ? rtu_unit_min : 0;
  const std::int64_t most = is_serial ? rtu_unit_max : tcp_unit_max;
  allowed = fmt::format("a list of 1 to {} different unit ids from {} to {}{}", scan_units_max, least, most,
                        is_serial ? " with protocol rtu_over_tcp" : "");
  std::vector<std::uint8_t> slave_ids;
  const auto* list = value.if_array();
  if (list == nullptr || list->empty() || list->size() > scan_units_max) return std::nullopt;
  for (const boost::json::value& entry : *list) {
    const auto* number = entry.if_int64();
    if (number == nullptr || *number < least || *number > most) return std::nullopt;
    const auto slave_id = static_cast<std::uint8_t>(*number);
    if (std::ranges::find(slave_ids, slave_id) != slave_ids.end()) return std::nullopt;
    slave_ids.push_back(slave_id);
  }
  return slave_ids;
}

// A limit of a field that the profile does not contain would never be displayed.
void read_limits(Fields& fields, const ProfileNames& profiles, Device& device) {
  fields.read_attribute("limits", parse_bands, device.limits);
  if (!device.limits || !(fields.has("limits") || fields.has("profile"))) return;
  for (const auto& [field, band] : *device.limits) {
    if (profiles.has_field(device.profile, field)) continue;
    return fields.refuse("limits", "invalid_value",
                         fmt::format("limits names '{}', which is not a field of profile {}",
                                     shortened(field), device.profile));
  }
}

// All fields except the profile and those that depend on it.
void read_plain_fields(Fields& fields, Device& device) {
  fields.read_whole("site_id", 1, id_max, device.site_id);
  fields.read_text("name", name_rule, device.name);
  read_connection(fields, device);
  fields.read_flag("is_active", device.is_active);
  fields.read_seconds_or_null("poll_interval", poll_interval_seconds, device.poll_interval);
  fields.read_seconds_or_null("modbus_timeout", modbus_timeout_seconds, device.modbus_timeout);
  fields.read_seconds_or_null("retry_delay", retry_delay_seconds, device.retry_delay);
  fields.read_whole_or_null("offline_after", offline_after_cycles, device.offline_after);
  fields.read_seconds("connect_delay", connect_delay_seconds, device.connect_delay);
  fields.read_text("description", description_rule, device.description);
  fields.read_number_or_null("rated_power_kw", 0.1, 100'000, device.rated_power_kw);
  fields.read_number_or_null("nominal_voltage", 1, 100'000, device.nominal_voltage);
  fields.read_number_or_null("battery_voltage", 1, 1'000, device.battery_voltage);
  fields.read_attribute("inputs", parse_inputs, device.inputs);
}

void read_device(Fields& fields, const ProfileNames& profiles, Device& device) {
  if (fields.has("profile") || device.id == 0) read_profile(fields, profiles, device.profile);
  read_plain_fields(fields, device);
  read_limits(fields, profiles, device);
}

// An edit of a damaged row must set each damaged column, so that a default does not become a value silently.
// The times are set by the program.
template <class Row>
void require_damaged(Fields& fields, const Row& current, Row& edited) {
  for (const InvalidColumn& one : current.damage) {
    if (fields.has(one.column) || one.column == "created_at" || one.column == "updated_at") continue;
    fields.refuse(one.column, "damaged_row",
                  fmt::format("the row is damaged in the database ({}); set {} too", one.what, one.column));
  }
  edited.damage.clear();
}

template <class T>
Result<T> outcome(const Fields& fields, T value) {
  if (fields.refusal()) return *fields.refusal();
  return value;
}

}  // namespace

Result<Site> new_site(const boost::json::object& body) {
  Fields fields{body, site_fields};
  for (const auto* name : {"name", "code"}) fields.require(name);
  Site site;
  read_site(fields, site);
  return outcome(fields, std::move(site));
}

Result<Site> edited_site(const Site& current, const boost::json::object& body) {
  Fields fields{body, site_fields};
  Site site = current;
  require_damaged(fields, current, site);
  read_site(fields, site);
  return outcome(fields, std::move(site));
}

Result<Device> new_device(const boost::json::object& body, const ProfileNames& profiles) {
  Fields fields{body, device_fields};
  for (const auto* name : {"site_id", "name", "device_type", "ip_address"}) fields.require(name);
  Device device;
  read_device_type(fields, device);
  const bool generator = device.device_type == DeviceType::generator;
  device.profile = profile::default_profile(device.device_type);
  device.protocol = generator ? Protocol::tcp : Protocol::rtu_over_tcp;
  read_device(fields, profiles, device);
  return outcome(fields, std::move(device));
}

Result<Device> connection_target(const boost::json::object& body, const ProfileNames& profiles) {
  Fields fields{body, connection_fields};
  fields.require("ip_address");
  Device device;
  device.profile = profile::default_profile(device.device_type);
  read_profile(fields, profiles, device.profile);
  read_connection(fields, device);
  return outcome(fields, std::move(device));
}

Result<ScanTarget> scan_target(const boost::json::object& body) {
  Fields fields{body, scan_fields};
  fields.require("ip_address");
  ScanTarget target;
  read_address(fields, target.ip_address);
  read_port(fields, target.port);
  read_protocol(fields, target.protocol);
  if (const auto* given = body.if_contains("slave_ids")) {
    std::string allowed;
    auto slave_ids = parse_slave_ids(*given, target.protocol, allowed);
    if (slave_ids) {
      target.slave_ids = *std::move(slave_ids);
    } else {
      fields.refuse_value("slave_ids", allowed);
    }
  } else {
    for (std::uint8_t slave_id = 1; slave_id <= scan_units_max; ++slave_id)
      target.slave_ids.push_back(slave_id);
  }
  return outcome(fields, std::move(target));
}

Result<Device> edited_device(const Device& current, const boost::json::object& body,
                             const ProfileNames& profiles) {
  Fields fields{body, device_fields};
  Device device = current;
  require_damaged(fields, current, device);
  read_device_type(fields, device);  // profile and protocol are kept: they were chosen for this controller
  read_device(fields, profiles, device);
  return outcome(fields, std::move(device));
}

std::string read_stored(std::string_view column, const boost::json::value& value, Site& site) {
  const boost::json::object one{{boost::json::string_view(column.data(), column.size()), value}};
  Fields fields{one, site_fields, Fields::Source::stored};
  read_site(fields, site);
  return fields.refusal() ? fields.refusal()->message : std::string{};
}

std::string read_stored(std::string_view column, const boost::json::value& value, Device& device) {
  const boost::json::object one{{boost::json::string_view(column.data(), column.size()), value}};
  Fields fields{one, device_fields, Fields::Source::stored};
  read_device_type(fields, device);
  fields.read_text("profile", profile_rule, device.profile);
  read_plain_fields(fields, device);
  fields.read_attribute("limits", parse_bands, device.limits);
  return fields.refusal() ? fields.refusal()->message : std::string{};
}

}  // namespace gensetd::registry
