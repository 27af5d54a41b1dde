#include "check.hpp"
#include "http/access.hpp"
#include "http/json_bodies.hpp"
#include "http/query.hpp"
#include "registry/validation.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

using namespace gensetd;

// The text is a query, a body, a header: each refuses it with the answer meant for that, or takes it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  try {
    const auto parameters = http::parse_query(text, {"device_id", "site_id"});
    check(parameters.size() <= 2);
    http::id_parameter(parameters, "device_id");
  } catch (const http::BadQuery&) {
  }
  try {
    const auto ids = http::devices_parameter(text);
    if (ids) check(!ids->empty() && *ids->begin() > 0);
  } catch (const http::BadQuery&) {
  }
  const http::Access access{.api_token = "token"};
  const bool admitted = access.role_of({.authorization = text, .subprotocols = text}) != http::Role::nobody;
  check(!admitted || text.find("token") != std::string_view::npos ||
        text.find("dG9rZW4") != std::string_view::npos);
  access.origin_is_allowed({.origin = text, .host = text});
  check(http::Access{}.host_is_trusted({.host = text}) || !text.empty());
  http::OwnNames(text, {std::string{text}}).cover(text);

  const auto body = http::parse_body({.body = text, .content_type = "application/json"});
  const auto* object = std::get_if<boost::json::object>(&body);
  if (object == nullptr) return 0;
  const registry::ProfileNames profiles{"hgm9520n", "hgm9560"};
  const auto site = registry::new_site(*object);
  if (const auto* made = std::get_if<registry::Site>(&site)) http::to_json(*made);
  const auto device = registry::new_device(*object, profiles);
  if (const auto* made = std::get_if<registry::Device>(&device)) {
    check(made->port != 0 && !made->ip_address.empty());
    http::to_json(*made);
  } else {
    check(http::refused(std::get<registry::Refusal>(device)).status == 422);
  }
  return 0;
}
