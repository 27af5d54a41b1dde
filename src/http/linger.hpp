#pragma once

#include "http/beast.hpp"

namespace gensetd::http {

// The end of a connection whose last answer must arrive: says that no more comes, and reads a while what
// still does. One that is closed over unread bytes is reset, and the peer may lose what it had not read yet.
// Takes two seconds at most; when it fails, the connection is gone anyway.
boost::asio::awaitable<void> linger(boost::beast::tcp_stream& connection);

}  // namespace gensetd::http
