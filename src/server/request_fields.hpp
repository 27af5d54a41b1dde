#pragma once

#include "server/beast.hpp"
#include "server/handshake.hpp"
#include "server/message.hpp"
#include "server/request_target.hpp"

#include <string_view>

namespace gensetd::server {

// The parts of a received message that the server reads. The views in the results are valid as long as
// `message`.
TargetLine target_line_of(const BeastRequest& message);
Method method_of(const BeastRequest& message);

HttpRequest request_of(const BeastRequest& message, const RequestTarget& target, std::string_view from);
Handshake handshake_of(const BeastRequest& message, const RequestTarget& target);

// Whether every server or proxy finds the end of the body at the same place (RFC 9112, sections 6.1 and 6.3).
// Beast takes an unknown transfer coding for an empty body, and would parse the body as the next request. It
// also accepts a list of equal lengths in Content-Length.
bool has_unambiguous_framing(const BeastRequest& message);

}  // namespace gensetd::server
