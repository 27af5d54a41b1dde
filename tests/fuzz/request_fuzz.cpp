#include "api/json_bodies.hpp"
#include "check.hpp"
#include "registry/validation.hpp"
#include "server/access.hpp"
#include "server/handshake.hpp"
#include "server/request_target.hpp"

#include <boost/json/parse.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

using namespace gensetd;

namespace {

void check_error_body(const server::HttpResponse& response, unsigned least, unsigned most) {
  check(response.status >= least && response.status <= most);
  const auto error = boost::json::parse(response.body).as_object().at("error").as_object();
  check(!error.at("code").as_string().empty() && !error.at("message").as_string().empty());
}

// Accepted, and then an empty edit changes nothing; or refused with 422.
template <class Row, class Edit>
void try_row(const registry::Result<Row>& made, Edit edit) {
  if (const auto* refusal = std::get_if<registry::Refusal>(&made)) {
    check(refusal->message.find('\n') == std::string::npos);
    return check_error_body(api::refusal_response(*refusal), 422, 422);
  }
  const Row& row = std::get<Row>(made);
  check(std::get<Row>(edit(row, boost::json::object{})) == row);
  check(boost::json::parse(api::to_json(row)).is_object());
}

void try_bodies(std::string_view text) {
  const auto body = api::parse_body({.body = text, .content_type = "application/json"});
  if (const auto* refused = std::get_if<server::HttpResponse>(&body))
    return check_error_body(*refused, 400, 400);
  const auto& object = std::get<boost::json::object>(body);
  const registry::ProfileNames profiles{"hgm9520n", "hgm9560"};
  try_row(registry::new_site(object), registry::edited_site);
  const auto edit = [&](const registry::Device& device, const boost::json::object& change) {
    return registry::edited_device(device, change, profiles);
  };
  const auto device = registry::new_device(object, profiles);
  try_row(device, edit);
  if (const auto* made = std::get_if<registry::Device>(&device)) {
    check(made->port != 0 && !made->ip_address.empty());
    check(made->protocol == modbus::Protocol::tcp || (made->slave_id >= 1 && made->slave_id <= 247));
  }
  try_row(registry::connection_target(object, profiles), [](const registry::Device& target, const auto&) {
    return registry::Result<registry::Device>{target};
  });
}

// Only a client with a token is admitted.
void try_headers(std::string_view text) {
  const server::AccessPolicy access{.api_token = "token"};
  const bool admitted = access.role_of({.authorization = text, .subprotocols = text}) != server::Role::none;
  check(!admitted || text.find("token") != std::string_view::npos ||
        text.find("dG9rZW4") != std::string_view::npos);
  access.is_origin_allowed({.origin = text, .host = text});
  check(server::AccessPolicy{}.is_host_trusted({.host = text}) || !text.empty());
  server::OwnHostNames(text, {std::string{text}}).contains(text);
  if (const auto refused = server::handshake_refusal({.host = "localhost", .version = "13", .key = text})) {
    check_error_body(*refused, 400, 400);
  } else {
    check(text.size() == 24);
  }
  check(text == "13" || server::handshake_refusal({.host = "localhost", .version = text})->status == 426);
}

}  // namespace

// An accepted target is a path, and its host is valid in a Host header.
void try_target(std::string_view text) {
  for (const bool is_options : {false, true}) {
    for (const server::TargetLine& line :
         {server::TargetLine{.target = text, .is_options = is_options, .host = "localhost"},
          server::TargetLine{.target = "/", .is_options = is_options, .host = text}}) {
      const auto read = server::read_target(line);
      if (const auto* refused = std::get_if<server::HttpResponse>(&read)) {
        check_error_body(*refused, 400, 400);
        continue;
      }
      const auto& target = std::get<server::RequestTarget>(read);
      check(target.path.starts_with('/') || (is_options && target.path == "*"));
      check(target.path.find('?') == std::string_view::npos);
      check(target.host.empty() || server::is_authority(target.host));
      check(line.target.starts_with('/') || line.target == "*" || target.host != line.host ||
            text.find("localhost") != std::string_view::npos);
    }
  }
}

// The text is parsed as a request target, a body and a header: each accepts it, or refuses it with the
// documented response.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  try_bodies(text);
  try_headers(text);
  try_target(text);
  return 0;
}
