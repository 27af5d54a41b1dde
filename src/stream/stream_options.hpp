#pragma once

#include "stream/selection.hpp"

#include <string_view>

namespace gensetd::stream {

// The options in the address of a WebSocket: `?devices=1,2,3&proto=2`, both optional.
struct StreamOptions {
  Selection devices;
  bool is_dashboard = false;  // protocol 2; the default is 1, the protocol of the specification
};

StreamOptions parse_stream_options(std::string_view query);  // throws server::BadQuery

}  // namespace gensetd::stream
