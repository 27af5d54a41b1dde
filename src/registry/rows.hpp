#pragma once

#include "registry/types.hpp"

#include <soci/soci.h>

#include <string>

namespace gensetd::registry {

template <class T>
struct NullableColumn {
  T value{};
  soci::indicator indicator = soci::i_null;
};

// A row of a table for writing with SOCI, in the order of the columns of its statements. Reading uses
// stored_rows.hpp, as a row that was edited by hand may contain any value.
struct SiteRow {
  static const std::string insert;
  static const std::string update;

  long long id = 0;
  std::string name, code, network, description;
  int is_active = 1;
  NullableColumn<std::string> topology, alarm_notes;
  std::string created_at, updated_at;

  static SiteRow of(const Site& site);

  void exchange_use(soci::statement& statement);
};

struct DeviceRow {
  static const std::string insert;
  static const std::string update;

  long long id = 0;
  long long site_id = 0;
  std::string name, device_type, profile, ip_address;
  int port = 0;
  std::string protocol;
  int slave_id = 0;
  int is_active = 1;
  NullableColumn<double> poll_interval, modbus_timeout, retry_delay;
  NullableColumn<int> offline_after;
  double connect_delay = 0;
  std::string description;
  NullableColumn<double> rated_power_kw, nominal_voltage, battery_voltage;
  NullableColumn<std::string> limits, inputs;
  std::string created_at, updated_at;

  static DeviceRow of(const Device& device);

  void exchange_use(soci::statement& statement);
};

}  // namespace gensetd::registry
