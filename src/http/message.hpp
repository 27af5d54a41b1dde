#pragma once

#include "http/pieces.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gensetd::http {

enum class Method { get, post, patch, remove, options, other };

// A request without its transport. The views live as long as the session's own request.
struct Request {
  Method method = Method::get;
  std::string_view path;   // "/api/devices/1", or "*" of OPTIONS
  std::string_view query;  // what stands behind '?', percent-encoded
  std::string_view body;
  std::string_view authorization;
  std::string_view origin;
  std::string_view host;  // the authority that the client means, see request_target.hpp
  std::string_view content_type;
  std::string_view accept_encoding;
  std::string_view if_none_match;
  std::string_view accept;
  std::string_view subprotocols;      // of a WebSocket upgrade
  std::string_view preflight_method;  // of a preflight of CORS: what a page wants to send
  std::string_view from;              // the peer: "127.0.0.1:51234"
};

struct Answer {
  unsigned status = 200;
  std::string body;
  std::string content_type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers;  // beside those that every answer has
  BodyPieces rest = nullptr;  // of the body, produced while the client takes it; empty: `body` is all of it
};

// With the first piece as its body.
Answer answer_in_pieces(BodyPieces pieces);

// The body of every error: {"error":{"code":…,"message":…,"field":…}}; an empty field is null.
Answer error_answer(unsigned status, std::string_view code, std::string_view message,
                    std::string_view field = {});

}  // namespace gensetd::http
