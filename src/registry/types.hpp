#pragma once

#include "modbus/read_request.hpp"
#include "profile/profile.hpp"
#include "reading/reading.hpp"
#include "registry/alarm_notes.hpp"
#include "registry/attributes.hpp"
#include "registry/device_inputs.hpp"
#include "registry/stored_profile.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace gensetd::registry {

using reading::Timestamp;

// A column of a row with an invalid value, set by a person with SQL.
struct InvalidColumn {
  std::string column;
  std::string what;  // for people: "poll_interval is 0; poll_interval must be …"
  bool operator==(const InvalidColumn&) const = default;
};

std::string print_damage(const std::vector<InvalidColumn>& damage);

struct Site {
  std::int64_t id = 0;
  std::string name;
  std::string code;  // unique
  std::string network;
  std::string description;
  bool is_active = true;
  std::optional<Topology> topology;
  std::optional<AlarmNotes> alarm_notes;
  Timestamp created_at;
  Timestamp updated_at;
  std::vector<InvalidColumn>
      damage;  // of its row; these fields have defaults, and the devices of the site are not polled

  bool operator==(const Site&) const = default;
};

struct Device {
  std::int64_t id = 0;
  std::int64_t site_id = 0;
  std::string name;
  profile::DeviceType device_type = profile::DeviceType::generator;
  std::string profile;
  std::string ip_address;  // IPv4, IPv6 or host name
  std::uint16_t port = 502;
  modbus::Protocol protocol = modbus::Protocol::tcp;
  std::uint8_t slave_id = 1;
  bool is_active = true;
  std::optional<double> poll_interval;   // seconds; empty: the global value
  std::optional<double> modbus_timeout;  // seconds
  std::optional<double> retry_delay;     // seconds
  std::optional<int> offline_after;      // failed cycles
  double connect_delay = 0;              // seconds between connecting and the first request
  std::string description;
  std::optional<double> rated_power_kw;
  std::optional<double> nominal_voltage;  // V, line to line
  std::optional<double> battery_voltage;  // V, nominal
  std::optional<Bands> limits;            // for display only
  std::optional<Inputs> inputs;           // what its digital inputs mean, for events
  Timestamp created_at;
  Timestamp updated_at;
  std::vector<InvalidColumn> damage;  // of its row; these fields have defaults, and the device is not polled

  bool operator==(const Device&) const = default;
};

// The reason why a request to the registry was refused or failed.
struct Refusal {
  enum class Kind : std::uint8_t {
    invalid,      // 422: a field is missing, unknown, of a wrong type or out of range
    not_found,    // 404
    conflict,     // 409: a code that exists, a site with devices
    unavailable,  // 503: the database fails, or its disk is full
  };
  Kind kind = Kind::invalid;
  std::string code;     // for programs: "invalid_value", "unknown_field", "duplicate_code", …
  std::string message;  // for people: what happened and what is allowed
  std::string field;    // the field's name, or empty
};

// Refusal::code when the disk is full.
inline constexpr std::string_view code_when_full = "registry_full";

template <class T>
using Result = std::variant<T, Refusal>;

// Everything that is registered.
struct Directory {
  std::map<std::int64_t, Site> sites;
  std::map<std::int64_t, Device> devices;
  std::map<std::string, StoredProfile> profiles;
  std::vector<std::string> unusable;  // rows without a usable id, for people

  bool operator==(const Directory&) const = default;
};

// Why the poller does not poll `device`, for people; empty when it is to be polled.
std::string reason_not_to_poll(const Directory& directory, const Device& device);

}  // namespace gensetd::registry
