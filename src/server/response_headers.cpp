#include "server/response_headers.hpp"

#include <utility>

namespace gensetd::server {

namespace http = boost::beast::http;

BeastResponse message_of(HttpResponse response, const BeastRequest& request, ResponseFraming framing) {
  BeastResponse message{static_cast<http::status>(response.status), request.version()};
  message.set(http::field::server, "gensetd");
  message.set("X-Content-Type-Options", "nosniff");
  message.set("Referrer-Policy", "no-referrer");
  message.set("X-Frame-Options", "DENY");
  message.set("Cross-Origin-Opener-Policy", "same-origin");
  message.set("Cross-Origin-Resource-Policy", "same-origin");
  message.set(
      "Content-Security-Policy",
      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
      "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; "
      "trusted-types svelte-trusted-html");
  message.set(http::field::cache_control,
              response.content_type == "application/json" ? "no-store" : "no-cache");
  for (const auto& [name, value] : response.headers) {
    if (name == "Vary") {
      message.insert(name, value);  // several parts of the program may add one
    } else {
      message.set(name, value);
    }
  }
  message.keep_alive(framing.keep_alive);
  if (response.status == 204 || response.status == 304) return message;
  message.set(http::field::content_type, response.content_type);
  if (framing.is_in_pieces) {  // its length is unknown
    message.chunked(request.version() >= 11);
    return message;
  }
  message.body() = std::move(response.body);
  message.prepare_payload();
  if (request.method() == http::verb::head) message.body().clear();  // Content-Length stays
  return message;
}

}  // namespace gensetd::server
