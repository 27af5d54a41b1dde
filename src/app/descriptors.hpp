#pragma once

#include <cstddef>

namespace gensetd::app {

// How the file descriptors of the process are divided.
struct DescriptorPlan {
  std::size_t limit = 0;         // of the process
  std::size_t own = 0;           // event loops, database, Redis, name lookups
  std::size_t http_reserve = 0;  // HTTP connections that are always possible
  std::size_t controllers = 0;   // connections to controllers that are possible

  // How many HTTP connections are possible while `addresses` of controllers are in use: what these do not
  // need is lent to HTTP.
  std::size_t http_possible(std::size_t addresses) const;
};

// open_now: descriptors open after the start. Throws std::runtime_error with one line for people when the
// limit leaves no room for HTTP and controllers.
DescriptorPlan plan_descriptors(std::size_t limit, std::size_t open_now, std::size_t poll_threads,
                                std::size_t http_connections_max);

// Raises the limit of open files to the highest that the process may set; returns what holds then.
std::size_t raise_descriptor_limit();

// Opens the standard descriptors that are closed, as ones that take and give nothing. Else the first sockets
// and files would get their numbers, and be sent the log.
void occupy_standard_descriptors();

std::size_t open_descriptors();  // now; 0: unknown

}  // namespace gensetd::app
