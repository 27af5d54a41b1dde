#pragma once

#include "http/session.hpp"
#include "http/stream.hpp"

namespace gensetd::http {

// Serves an upgrade that was admitted: the snapshot, then every newer reading, conflated for a slow client,
// until either side ends it. A removed device is not told, its readings just end.
boost::asio::awaitable<void> run_websocket(Stream stream, HttpRequest request, Selection selection,
                                           std::shared_ptr<Shared> shared);

}  // namespace gensetd::http
