#include "server/message.hpp"

#include "text/json_text.hpp"

namespace gensetd::server {

HttpResponse response_in_pieces(text::Pieces pieces) {
  HttpResponse response;
  const bool has_more = pieces(response.body);
  if (has_more) response.rest = std::move(pieces);
  return response;
}

HttpResponse error_response(unsigned status, std::string_view code, std::string_view message,
                            std::string_view field) {
  HttpResponse response{.status = status, .body = R"({"error":{"code":)"};
  text::append_json_string(response.body, code);
  response.body += R"(,"message":)";
  text::append_json_string(response.body, message);
  response.body += R"(,"field":)";
  if (field.empty()) {
    response.body += "null";
  } else {
    text::append_json_string(response.body, field);
  }
  response.body += "}}";
  return response;
}

HttpResponse retry_after(HttpResponse response, std::string_view seconds) {
  response.headers.emplace_back("Retry-After", seconds);
  return response;
}

}  // namespace gensetd::server
