#include "server/read_errors.hpp"

#include <boost/asio/ssl/error.hpp>
#include <boost/beast/http/error.hpp>
#include <fmt/format.h>

#include <chrono>
#include <openssl/err.h>
#include <openssl/sslerr.h>

namespace gensetd::server {

namespace http = boost::beast::http;

std::optional<HttpResponse> admission_refusal(Admission admission) {
  if (admission == Admission::address_limit_reached)
    return retry_after(error_response(429, "too_many_connections",
                                      "too many connections from this address; close some, or reuse them"),
                       "5");
  if (admission == Admission::limit_reached)
    return retry_after(error_response(503, "too_many_connections", "too many connections; try again later"),
                       "5");
  return std::nullopt;
}

std::optional<HttpResponse> read_error_response(boost::beast::error_code failed, const ServerLimits& limits) {
  if (failed == http::error::body_limit)
    return error_response(413, "body_too_large",
                          fmt::format("the body is larger than {} bytes", limits.body_bytes));
  if (failed == http::error::header_limit || failed == http::error::buffer_overflow)
    return error_response(431, "header_too_large",
                          fmt::format("the header is larger than {} bytes", limits.header_bytes));
  if (failed == http::error::end_of_stream || failed == http::error::partial_message) return std::nullopt;
  if (failed.category() != http::make_error_code(http::error::bad_method).category()) return std::nullopt;
  return error_response(400, "bad_request", "malformed HTTP request: " + failed.message());
}

HttpResponse request_too_slow(const ServerLimits& limits) {
  return error_response(408, "request_too_slow",
                        fmt::format("the request was not complete after {} s",
                                    std::chrono::duration<double>(limits.request_timeout).count()));
}

HttpResponse ambiguous_framing() {
  return error_response(400, "bad_request",
                        "the end of the body is ambiguous: send one Content-Length, or Transfer-Encoding: "
                        "chunked in HTTP/1.1");
}

bool is_plain_http(boost::beast::error_code failed) {
  return failed.category() == boost::asio::error::get_ssl_category() &&
         ERR_GET_REASON(static_cast<unsigned long>(failed.value())) == SSL_R_HTTP_REQUEST;
}

std::string_view tls_required_message() {
  return "HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
         R"({"error":{"code":"tls_required","message":"this port requires TLS: use https:// or wss://",)"
         R"("field":null}})";
}

}  // namespace gensetd::server
