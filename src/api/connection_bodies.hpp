#pragma once

#include "api/api_services.hpp"
#include "modbus/read_request.hpp"
#include "profile/catalog.hpp"
#include "registry/types.hpp"
#include "server/message.hpp"

#include <boost/json/object.hpp>

#include <optional>
#include <string>

namespace gensetd::api {

// The controller address in the body of a connection test or a single read. The default protocol is that of
// the profile.
registry::Result<ProbeRequest> target_of(boost::json::object body, const profile::Catalog& catalog);

// The response that refuses a body whose ip_address controllers must not have; empty: it is allowed.
std::optional<server::HttpResponse> refuse_address(const boost::json::object& body,
                                                   const ApiServices& services);

// Removes `raw` from the body and returns the registers that it names, {"address": A, "count": C}; empty when
// there is no `raw`.
registry::Result<std::optional<modbus::ReadRequest>> take_range(boost::json::object& body);

std::string to_json(const ProbeResult& result);
std::string to_json(const ReadNowResult& result);

}  // namespace gensetd::api
