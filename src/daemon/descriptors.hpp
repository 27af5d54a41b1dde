#pragma once

#include <cstddef>

namespace gensetd::daemon {

// How the file descriptors of the process are divided.
struct DescriptorPlan {
  std::size_t limit = 0;         // of the process
  std::size_t own = 0;           // event loops, database, Redis, name lookups
  std::size_t http_reserve = 0;  // HTTP connections that are always possible
  std::size_t controllers = 0;   // connections to controllers that are possible

  // How many HTTP connections are possible while connections to `addresses` controllers are needed. HTTP may
  // use descriptors that controllers do not need.
  std::size_t http_possible(std::size_t addresses) const;
};

// `open_now`: descriptors that are open after the start. Throws std::runtime_error with one line for people
// when the limit is too low for HTTP and controllers.
DescriptorPlan plan_descriptors(std::size_t limit, std::size_t open_now, std::size_t poll_threads,
                                std::size_t http_connections_max);

// Raises the limit of open files as far as permitted; returns the limit.
std::size_t raise_descriptor_limit();

// Opens closed standard descriptors such that reads and writes fail. Otherwise the first sockets and files
// would get their numbers, and receive the log.
void occupy_standard_descriptors();

std::size_t open_descriptors();  // 0: unknown

}  // namespace gensetd::daemon
