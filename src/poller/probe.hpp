#pragma once

#include "link/link.hpp"
#include "poller/describe.hpp"
#include "profile/profile.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstdint>
#include <string>

namespace gensetd::poller {

// What a connection test found.
struct Probed {
  std::string error;                     // empty on success, else one line that says at which step it failed
  std::chrono::microseconds latency{0};  // from the request to the answer, connecting and waiting included
  std::uint16_t address = 0;             // of the register read
  std::uint16_t raw_value = 0;
};

// Reads the profile's status register once, through the link that the polled devices of the same host:port
// share. Ends within twice the timeout and the time the line takes to get to it, at most Reader::patience.
boost::asio::awaitable<Probed> probe(boost::asio::io_context& context, link::Pool& links, Address address,
                                     profile::ProfilePtr profile, std::chrono::milliseconds timeout);

}  // namespace gensetd::poller
