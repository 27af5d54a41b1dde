#pragma once

#include "text/pieces.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gensetd::server {

enum class Method { get, post, put, patch, remove, options, other };

// An HTTP request without its transport. The views are valid as long as the session's request.
struct HttpRequest {
  Method method = Method::get;
  std::string_view path;   // "/api/devices/1", or "*" of OPTIONS
  std::string_view query;  // without '?', percent-encoded
  std::string_view body;
  std::string_view authorization;
  std::string_view origin;
  std::string_view host;  // the requested authority, see request_target.hpp
  std::string_view content_type;
  std::string_view accept_encoding;
  std::string_view if_none_match;
  std::string_view accept;
  std::string_view subprotocols;      // of a WebSocket upgrade
  std::string_view preflight_method;  // of a CORS preflight: the method of the announced request
  std::string_view from;              // the peer: "127.0.0.1:51234"
};

struct HttpResponse {
  unsigned status = 200;
  std::string body;
  std::string content_type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers;  // in addition to those of every response
  text::Pieces rest = nullptr;  // of the body, produced while the client reads it; empty: `body` is complete
};

// A response whose body is the first piece and whose rest produces the others.
HttpResponse response_in_pieces(text::Pieces pieces);

// A response with the body of every error: {"error":{"code":…,"message":…,"field":…}}; an empty field becomes
// null.
HttpResponse error_response(unsigned status, std::string_view code, std::string_view message,
                            std::string_view field = {});

// The same response with a Retry-After header.
HttpResponse retry_after(HttpResponse response, std::string_view seconds);

}  // namespace gensetd::server
