#include "server/read_errors.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/beast/http/error.hpp>
#include <gtest/gtest.h>

#include <chrono>
#include <openssl/err.h>
#include <openssl/sslerr.h>
#include <string>

namespace gensetd::server {
namespace {

namespace http = boost::beast::http;

bool has_code(const HttpResponse& response, const std::string& code) {
  return response.body.find(R"({"error":{"code":")" + code + '"') == 0;
}

TEST(ReadErrors, limits_and_syntax_errors_have_their_status_and_code) {
  const ServerLimits limits{.header_bytes = 100, .body_bytes = 200};
  struct Row {
    http::error failed;
    unsigned status;
    const char* code;
    const char* part;  // of the message
  };
  for (const Row& row : {Row{http::error::body_limit, 413, "body_too_large", "larger than 200 bytes"},
                         Row{http::error::header_limit, 431, "header_too_large", "larger than 100 bytes"},
                         Row{http::error::buffer_overflow, 431, "header_too_large", "larger than 100 bytes"},
                         Row{http::error::bad_method, 400, "bad_request", "malformed HTTP request: "},
                         Row{http::error::bad_chunk, 400, "bad_request", "malformed HTTP request: "}}) {
    const auto response = read_error_response(http::make_error_code(row.failed), limits);
    ASSERT_TRUE(response) << row.code;
    EXPECT_EQ(response->status, row.status);
    EXPECT_TRUE(has_code(*response, row.code)) << response->body;
    EXPECT_NE(response->body.find(row.part), std::string::npos) << response->body;
  }
}

TEST(ReadErrors, peer_that_is_gone_gets_no_response) {
  for (const http::error failed : {http::error::end_of_stream, http::error::partial_message})
    EXPECT_FALSE(read_error_response(http::make_error_code(failed), {}));
  EXPECT_FALSE(read_error_response(boost::asio::error::connection_reset, {}));
  EXPECT_FALSE(read_error_response(boost::asio::error::operation_aborted, {}));
}

TEST(ReadErrors, slow_request_is_responded_with_408_and_its_timeout) {
  const HttpResponse response = request_too_slow({.request_timeout = std::chrono::milliseconds{1'500}});
  EXPECT_EQ(response.status, 408U);
  EXPECT_TRUE(has_code(response, "request_too_slow"));
  EXPECT_NE(response.body.find("after 1.5 s"), std::string::npos) << response.body;
}

TEST(ReadErrors, ambiguous_framing_is_a_bad_request) {
  EXPECT_EQ(ambiguous_framing().status, 400U);
  EXPECT_TRUE(has_code(ambiguous_framing(), "bad_request"));
}

TEST(ReadErrors, refused_connection_gets_a_time_to_retry) {
  EXPECT_FALSE(admission_refusal(Admission::accepted));
  EXPECT_EQ(admission_refusal(Admission::address_limit_reached)->status, 429U);
  EXPECT_EQ(admission_refusal(Admission::limit_reached)->status, 503U);
  for (const Admission admission : {Admission::address_limit_reached, Admission::limit_reached}) {
    const auto refusal = admission_refusal(admission);
    EXPECT_TRUE(has_code(*refusal, "too_many_connections"));
    ASSERT_EQ(refusal->headers.size(), 1U);
    EXPECT_EQ(refusal->headers[0].first, "Retry-After");
  }
}

TEST(ReadErrors, plain_http_on_a_tls_port_is_recognized) {
  const auto ssl_error = [](int reason) {
    return boost::beast::error_code(static_cast<int>(ERR_PACK(ERR_LIB_SSL, 0, reason)),
                                    boost::asio::error::get_ssl_category());
  };
  EXPECT_TRUE(is_plain_http(ssl_error(SSL_R_HTTP_REQUEST)));
  EXPECT_FALSE(is_plain_http(ssl_error(SSL_R_WRONG_VERSION_NUMBER)));
  EXPECT_FALSE(is_plain_http({}));
  EXPECT_TRUE(tls_required_message().starts_with("HTTP/1.1 400 Bad Request\r\n"));
  EXPECT_NE(tls_required_message().find("\"code\":\"tls_required\""), std::string_view::npos);
}

}  // namespace
}  // namespace gensetd::server
