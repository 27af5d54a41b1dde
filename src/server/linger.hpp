#pragma once

#include "server/beast.hpp"

namespace gensetd::server {

// Ends the sending direction of a connection so that the last response arrives: shuts it down, then reads and
// discards what the peer still sends. Closing a socket with unread bytes would reset the connection, and the
// peer could lose a response that it has not read yet. Takes at most two seconds. Errors are ignored: the
// connection is then closed anyway.
boost::asio::awaitable<void> linger(boost::beast::tcp_stream& connection);

}  // namespace gensetd::server
