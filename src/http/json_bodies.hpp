#pragma once

#include "http/message.hpp"
#include "profile/profile.hpp"
#include "registry/types.hpp"

#include <boost/json/object.hpp>

#include <string>
#include <variant>

namespace gensetd::http {

// What the API shows of sites, devices and profiles, in the order of their documentation.
std::string to_json(const registry::Site& site);
std::string to_json(const registry::Device& device);
boost::json::object to_json(const profile::Profile& profile);

// The object of a request's body, or the answer that refuses it (400, 415).
std::variant<boost::json::object, Answer> parse_body(const Request& request);

// The answer for a request that the registry refused.
Answer refused(const registry::Refusal& refusal);

}  // namespace gensetd::http
