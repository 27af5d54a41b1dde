#include "check.hpp"
#include "http/access.hpp"
#include "http/handshake.hpp"
#include "http/json_bodies.hpp"
#include "http/request_target.hpp"
#include "registry/validation.hpp"

#include <boost/json/parse.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

using namespace gensetd;

namespace {

void check_said(const http::Answer& answer, unsigned least, unsigned most) {
  check(answer.status >= least && answer.status <= most);
  const auto error = boost::json::parse(answer.body).as_object().at("error").as_object();
  check(!error.at("code").as_string().empty() && !error.at("message").as_string().empty());
}

// Taken, and then an edit of nothing changes nothing; or refused with 422.
template <class Row, class Edit>
void try_row(const registry::Result<Row>& made, Edit edit) {
  if (const auto* refusal = std::get_if<registry::Refusal>(&made)) {
    check(refusal->message.find('\n') == std::string::npos);
    return check_said(http::refused(*refusal), 422, 422);
  }
  const Row& row = std::get<Row>(made);
  check(std::get<Row>(edit(row, boost::json::object{})) == row);
  check(boost::json::parse(http::to_json(row)).is_object());
}

void try_bodies(std::string_view text) {
  const auto body = http::parse_body({.body = text, .content_type = "application/json"});
  if (const auto* refused = std::get_if<http::Answer>(&body)) return check_said(*refused, 400, 400);
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

// Only who has a token is admitted.
void try_headers(std::string_view text) {
  const http::Access access{.api_token = "token"};
  const bool admitted = access.role_of({.authorization = text, .subprotocols = text}) != http::Role::nobody;
  check(!admitted || text.find("token") != std::string_view::npos ||
        text.find("dG9rZW4") != std::string_view::npos);
  access.origin_is_allowed({.origin = text, .host = text});
  check(http::Access{}.host_is_trusted({.host = text}) || !text.empty());
  http::OwnNames(text, {std::string{text}}).cover(text);
  if (const auto refused = http::refuse_handshake({.host = "localhost", .version = "13", .key = text})) {
    check_said(*refused, 400, 400);
  } else {
    check(text.size() == 24);
  }
  check(text == "13" || http::refuse_handshake({.host = "localhost", .version = text})->status == 426);
}

}  // namespace

// What is taken is a path, and the host that counts is one that may stand in a Host header.
void try_target(std::string_view text) {
  for (const bool is_options : {false, true}) {
    for (const http::TargetLine& line :
         {http::TargetLine{.target = text, .is_options = is_options, .host = "localhost"},
          http::TargetLine{.target = "/", .is_options = is_options, .host = text}}) {
      const auto read = http::read_target(line);
      if (const auto* refused = std::get_if<http::Answer>(&read)) {
        check_said(*refused, 400, 400);
        continue;
      }
      const auto& target = std::get<http::RequestTarget>(read);
      check(target.path.starts_with('/') || (is_options && target.path == "*"));
      check(target.path.find('?') == std::string_view::npos);
      check(target.host.empty() || http::is_authority(target.host));
      check(line.target.starts_with('/') || line.target == "*" || target.host != line.host ||
            text.find("localhost") != std::string_view::npos);
    }
  }
}

// The text is a request target, a body and a header: each refuses it with the answer meant for that, or takes
// it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  try_bodies(text);
  try_headers(text);
  try_target(text);
  return 0;
}
