#pragma once

#include "registry/profile_names.hpp"
#include "registry/types.hpp"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <string>
#include <string_view>

namespace gensetd::registry {

// What a request's body makes of a new or an existing row: pure, and complete but for what only the database
// knows (whether a code is taken, whether a site exists). Ids and timestamps are left as they are in
// `current`, or empty.
Result<Site> new_site(const boost::json::object& body);
Result<Site> edited_site(const Site& current, const boost::json::object& body);
Result<Device> new_device(const boost::json::object& body, const ProfileNames& profiles);

// What a connection test's body names: ip_address, and if given port, protocol, slave_id and profile (else
// hgm9520n). The rest of the device is empty.
Result<Device> connection_target(const boost::json::object& body, const ProfileNames& profiles);
Result<Device> edited_device(const Device& current, const boost::json::object& body,
                             const ProfileNames& profiles);

// Reads one column of a row of the database by the same rules, but for those that depend on register maps.
// Answers what is wrong with it, and nothing when it was read.
std::string read_stored(std::string_view column, const boost::json::value& value, Site& site);
std::string read_stored(std::string_view column, const boost::json::value& value, Device& device);

}  // namespace gensetd::registry
