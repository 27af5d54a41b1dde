#pragma once

#include "server/beast.hpp"
#include "server/message.hpp"

namespace gensetd::server {

struct ResponseFraming {
  bool keep_alive = true;
  bool is_in_pieces = false;  // a long body follows; the message then contains the header only
};

// The message that is sent for a response to `request`: adds the header fields that every response has.
// Headers of the response replace them, except Vary: each Vary field is kept.
BeastResponse message_of(HttpResponse response, const BeastRequest& request, ResponseFraming framing);

}  // namespace gensetd::server
