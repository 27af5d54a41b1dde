#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace gensetd::supervision {

// Completion token: a coroutine that awaits with it gets the error code as a value, not as an exception.
inline constexpr auto use_tuple = boost::asio::as_tuple(boost::asio::use_awaitable);

}  // namespace gensetd::supervision
