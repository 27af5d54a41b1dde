#pragma once

#include "http/message.hpp"
#include "http/server.hpp"
#include "modbus/read_request.hpp"
#include "profile/catalog.hpp"
#include "registry/types.hpp"

#include <boost/json/object.hpp>

#include <optional>
#include <string>

namespace gensetd::http {

// The controller that the body of a connection test or a single read names. A body without protocol takes the
// one of its profile.
registry::Result<ProbeRequest> target_of(boost::json::object body, const profile::Catalog& catalog);

// The answer to a body whose ip_address is one that controllers may not have.
std::optional<Answer> refuse_address(const boost::json::object& body, const Services& services);

// The registers that `raw` of the body names, {"address": A, "count": C}; empty when there is none. Takes it
// out of the body.
registry::Result<std::optional<modbus::ReadRequest>> take_range(boost::json::object& body);

std::string to_json(const ProbeResult& found);
std::string to_json(const ReadNowResult& found);

}  // namespace gensetd::http
