#pragma once

#include "server/connections.hpp"
#include "server/message.hpp"
#include "server/server_limits.hpp"

#include <boost/beast/core/error.hpp>

#include <optional>
#include <string_view>

namespace gensetd::server {

// The response to the first request of a connection beyond a limit; empty for Admission::accepted.
std::optional<HttpResponse> admission_refusal(Admission admission);

// The response after a request could not be read; empty when the peer is gone or the connection unusable.
std::optional<HttpResponse> read_error_response(boost::beast::error_code failed, const ServerLimits& limits);

// The response to a request that was incomplete after limits.request_timeout.
HttpResponse request_too_slow(const ServerLimits& limits);

// The response to a request without has_unambiguous_framing().
HttpResponse ambiguous_framing();

// Whether a TLS handshake failed because the client sent a plain HTTP request.
bool is_plain_http(boost::beast::error_code failed);

// The bytes of the response to such a request.
std::string_view tls_required_message();

}  // namespace gensetd::server
