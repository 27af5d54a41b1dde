#include "registry/rows.hpp"

#include "profile/words.hpp"

namespace gensetd::registry {
namespace {

template <class T>
NullableColumn<T> nullable(const std::optional<T>& value) {
  if (!value) return {};
  return {.value = *value, .indicator = soci::i_ok};
}

template <class T, class Print>
NullableColumn<std::string> printed(const std::optional<T>& value, Print print) {
  return nullable(value ? std::optional{print(*value)} : std::nullopt);
}

template <class T>
void exchange_use(soci::statement& statement, NullableColumn<T>& column) {
  statement.exchange(soci::use(column.value, column.indicator));
}

}  // namespace

const std::string SiteRow::insert =
    "INSERT INTO sites (name, code, network, description, is_active, topology, alarm_notes, created_at, "
    "updated_at) "
    "VALUES (:name, :code, :network, :description, :is_active, :topology, :alarm_notes, :created_at, "
    ":updated_at) "
    "RETURNING id";
const std::string SiteRow::update =
    "UPDATE sites SET name = :name, code = :code, network = :network, description = :description, "
    "is_active = :is_active, topology = :topology, alarm_notes = :alarm_notes, created_at = :created_at, "
    "updated_at = :updated_at "
    "WHERE id = :id";

SiteRow SiteRow::of(const Site& site) {
  return {.id = site.id,
          .name = site.name,
          .code = site.code,
          .network = site.network,
          .description = site.description,
          .is_active = site.is_active ? 1 : 0,
          .topology = printed(site.topology, print_topology),
          .alarm_notes = printed(site.alarm_notes, print_alarm_notes),
          .created_at = reading::print_timestamp(site.created_at),
          .updated_at = reading::print_timestamp(site.updated_at)};
}

void SiteRow::exchange_use(soci::statement& statement) {
  for (std::string* text : {&name, &code, &network, &description}) statement.exchange(soci::use(*text));
  statement.exchange(soci::use(is_active));
  registry::exchange_use(statement, topology);
  registry::exchange_use(statement, alarm_notes);
  for (std::string* text : {&created_at, &updated_at}) statement.exchange(soci::use(*text));
}

const std::string DeviceRow::insert =
    "INSERT INTO devices (site_id, name, device_type, profile, ip_address, port, protocol, slave_id, "
    "is_active, poll_interval, modbus_timeout, retry_delay, offline_after, connect_delay, description, "
    "rated_power_kw, "
    "nominal_voltage, battery_voltage, limits, inputs, created_at, updated_at) VALUES (:site_id, :name, "
    ":device_type, :profile, :ip_address, :port, :protocol, :slave_id, "
    ":is_active, :poll_interval, :modbus_timeout, :retry_delay, :offline_after, :connect_delay, "
    ":description, "
    ":rated_power_kw, :nominal_voltage, :battery_voltage, :limits, :inputs, :created_at, :updated_at) "
    "RETURNING id";
const std::string DeviceRow::update =
    "UPDATE devices SET site_id = :site_id, name = :name, device_type = :device_type, profile = :profile, "
    "ip_address = :ip_address, port = :port, protocol = :protocol, slave_id = :slave_id, "
    "is_active = :is_active, poll_interval = :poll_interval, modbus_timeout = :modbus_timeout, "
    "retry_delay = :retry_delay, offline_after = :offline_after, connect_delay = :connect_delay, "
    "description = :description, "
    "rated_power_kw = :rated_power_kw, nominal_voltage = :nominal_voltage, "
    "battery_voltage = :battery_voltage, limits = :limits, inputs = :inputs, "
    "created_at = :created_at, updated_at = :updated_at WHERE id = :id";

DeviceRow DeviceRow::of(const Device& device) {
  return {.id = device.id,
          .site_id = device.site_id,
          .name = device.name,
          .device_type = std::string{profile::to_word(device.device_type)},
          .profile = device.profile,
          .ip_address = device.ip_address,
          .port = device.port,
          .protocol = std::string{profile::to_word(device.protocol)},
          .slave_id = device.slave_id,
          .is_active = device.is_active ? 1 : 0,
          .poll_interval = nullable(device.poll_interval),
          .modbus_timeout = nullable(device.modbus_timeout),
          .retry_delay = nullable(device.retry_delay),
          .offline_after = nullable(device.offline_after),
          .connect_delay = device.connect_delay,
          .description = device.description,
          .rated_power_kw = nullable(device.rated_power_kw),
          .nominal_voltage = nullable(device.nominal_voltage),
          .battery_voltage = nullable(device.battery_voltage),
          .limits = printed(device.limits, print_bands),
          .inputs = printed(device.inputs, print_inputs),
          .created_at = reading::print_timestamp(device.created_at),
          .updated_at = reading::print_timestamp(device.updated_at)};
}

void DeviceRow::exchange_use(soci::statement& statement) {
  statement.exchange(soci::use(site_id));
  for (std::string* text : {&name, &device_type, &profile, &ip_address}) statement.exchange(soci::use(*text));
  statement.exchange(soci::use(port));
  statement.exchange(soci::use(protocol));
  for (int* number : {&slave_id, &is_active}) statement.exchange(soci::use(*number));
  for (NullableColumn<double>* seconds : {&poll_interval, &modbus_timeout, &retry_delay}) {
    registry::exchange_use(statement, *seconds);
  }
  registry::exchange_use(statement, offline_after);
  statement.exchange(soci::use(connect_delay));
  statement.exchange(soci::use(description));
  for (NullableColumn<double>* number : {&rated_power_kw, &nominal_voltage, &battery_voltage}) {
    registry::exchange_use(statement, *number);
  }
  registry::exchange_use(statement, limits);
  registry::exchange_use(statement, inputs);
  for (std::string* text : {&created_at, &updated_at}) statement.exchange(soci::use(*text));
}

}  // namespace gensetd::registry
