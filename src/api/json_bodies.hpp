#pragma once

#include "profile/catalog.hpp"
#include "profile/profile.hpp"
#include "registry/types.hpp"
#include "server/message.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <string>
#include <string_view>
#include <variant>

namespace gensetd::api {

// The JSON of sites, devices and profiles, with the fields in the order of their documentation.
std::string to_json(const registry::Site& site);
std::string to_json(const registry::Device& device);
std::string to_json(const registry::StoredProfile& profile);  // of an export
boost::json::object to_json(const profile::Profile& profile,
                            profile::Origin origin = profile::Origin::built_in);
boost::json::array roles_json();

// Whether a Content-Type names `expected`, which is in lower case; parameters such as a charset do not count.
bool has_media_type(std::string_view content_type, std::string_view expected);

// The object in a request's body, or the response that refuses it (400, 415).
std::variant<boost::json::object, server::HttpResponse> parse_body(const server::HttpRequest& request);

// The response to a request that the registry refused.
server::HttpResponse refusal_response(const registry::Refusal& refusal);

}  // namespace gensetd::api
