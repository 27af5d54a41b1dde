#include "server/request_fields.hpp"

#include <boost/url/grammar/ci_string.hpp>

namespace gensetd::server {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;

std::string_view view(beast::string_view text) { return {text.data(), text.size()}; }

Method method_of(http::verb verb) {
  switch (verb) {
    case http::verb::get:
    case http::verb::head:
      return Method::get;
    case http::verb::post:
      return Method::post;
    case http::verb::put:
      return Method::put;
    case http::verb::patch:
      return Method::patch;
    case http::verb::delete_:
      return Method::remove;
    case http::verb::options:
      return Method::options;
    default:
      return Method::other;
  }
}

}  // namespace

Method method_of(const BeastRequest& message) { return method_of(message.method()); }

TargetLine target_line_of(const BeastRequest& message) {
  return {.target = view(message.target()),
          .is_options = message.method() == http::verb::options,
          .is_http_1_1 = message.version() >= 11,
          .host = view(message[http::field::host]),
          .host_count = message.count(http::field::host)};
}

HttpRequest request_of(const BeastRequest& message, const RequestTarget& target, std::string_view from) {
  return {.method = method_of(message.method()),
          .path = target.path,
          .query = target.query,
          .body = message.body(),
          .authorization = view(message[http::field::authorization]),
          .origin = view(message[http::field::origin]),
          .host = target.host,
          .content_type = view(message[http::field::content_type]),
          .accept_encoding = view(message[http::field::accept_encoding]),
          .if_none_match = view(message[http::field::if_none_match]),
          .accept = view(message[http::field::accept]),
          .subprotocols = view(message[http::field::sec_websocket_protocol]),
          .preflight_method = view(message[http::field::access_control_request_method]),
          .from = from};
}

Handshake handshake_of(const BeastRequest& message, const RequestTarget& target) {
  return {.host = target.host,
          .version = view(message[http::field::sec_websocket_version]),
          .key = view(message[http::field::sec_websocket_key]),
          .key_count = message.count(http::field::sec_websocket_key)};
}

bool has_unambiguous_framing(const BeastRequest& message) {
  const auto length = view(message[http::field::content_length]);
  if (length.find_first_not_of("0123456789") != std::string_view::npos) return false;
  const auto codings = message.count(http::field::transfer_encoding);
  if (codings == 0) return true;
  return codings == 1 && message.version() >= 11 &&
         boost::urls::grammar::ci_is_equal(message[http::field::transfer_encoding], "chunked");
}

}  // namespace gensetd::server
