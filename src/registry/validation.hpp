#pragma once

#include "registry/profile_names.hpp"
#include "registry/types.hpp"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gensetd::registry {

// A new row, or an existing row edited, by the body of a request. Pure. Checks everything except rules that
// need other rows (unique code, existing site). Ids and timestamps are those of `current`, or empty.
Result<Site> new_site(const boost::json::object& body);
Result<Site> edited_site(const Site& current, const boost::json::object& body);
Result<Device> new_device(const boost::json::object& body, const ProfileNames& profiles);

// The device of a connection test: ip_address, and optionally port, protocol, slave_id and profile (default
// hgm9520n). Its other fields are empty.
Result<Device> connection_target(const boost::json::object& body, const ProfileNames& profiles);

// The address of a scan: ip_address, and optionally port, protocol (default tcp) and slave_ids, 1 to
// scan_units_max different ones.
struct ScanTarget {
  std::string ip_address;
  std::uint16_t port = 502;
  modbus::Protocol protocol = modbus::Protocol::tcp;
  std::vector<std::uint8_t> slave_ids;  // in the order of the request; by default 1 to scan_units_max
};
inline constexpr std::size_t scan_units_max = 16;
Result<ScanTarget> scan_target(const boost::json::object& body);

Result<Device> edited_device(const Device& current, const boost::json::object& body,
                             const ProfileNames& profiles);

// Reads one column of a row of the database by the same rules, except those that depend on register maps.
// Returns the problem; empty when the value was stored in the row.
std::string read_stored(std::string_view column, const boost::json::value& value, Site& site);
std::string read_stored(std::string_view column, const boost::json::value& value, Device& device);

}  // namespace gensetd::registry
