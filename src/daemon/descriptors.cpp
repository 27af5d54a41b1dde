#include "daemon/descriptors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fcntl.h>
#include <filesystem>
#include <iterator>
#include <stdexcept>
#include <sys/resource.h>
#include <system_error>
#include <unistd.h>

namespace gensetd::daemon {
namespace {

// Opened after the start: both connections to Redis and their replacements, files of the database, /proc.
constexpr std::size_t opened_later = 10;
// Per event loop: an epoll instance and a name lookup.
constexpr std::size_t opened_later_per_loop = 3;

constexpr std::size_t http_least = 12;  // page, API, health check, metrics at the same time
constexpr std::size_t controllers_least = 4;
constexpr std::size_t http_refusals_max = 32;  // connections that are only accepted to refuse them

}  // namespace

std::size_t DescriptorPlan::http_possible(std::size_t addresses) const {
  const std::size_t needed = std::min(addresses, controllers);
  return http_reserve + controllers - needed;
}

DescriptorPlan plan_descriptors(std::size_t limit, std::size_t open_now, std::size_t poll_threads,
                                std::size_t http_connections_max) {
  const std::size_t own = open_now + opened_later + opened_later_per_loop * (poll_threads + 1);
  const std::size_t limit_min = own + http_least + controllers_least;
  if (limit < limit_min)
    throw std::runtime_error(fmt::format(
        "this process may open {} files, but needs at least {} with POLL_THREADS={}; raise the limit "
        "(LimitNOFILE of the service, ulimit -n)",
        limit, limit_min, poll_threads));
  const std::size_t rest = limit - own;
  const std::size_t wanted_by_http = http_connections_max + http_refusals_max;
  const std::size_t http = std::min(std::max(rest / 4, http_least), wanted_by_http);
  return {.limit = limit, .own = own, .http_reserve = http, .controllers = rest - http};
}

void occupy_standard_descriptors() {
  for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    // open() takes the lowest free number. Lower ones are open by now.
    if (::fcntl(standard, F_GETFD) < 0) [[maybe_unused]]
      const int taken = ::open("/", O_PATH);
  }
}

std::size_t raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  if (limit.rlim_cur < limit.rlim_max) {
    const rlimit raised{.rlim_cur = limit.rlim_max, .rlim_max = limit.rlim_max};
    if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  }
  return limit.rlim_cur;
}

std::size_t open_descriptors() {
  std::error_code failed;
  const std::filesystem::directory_iterator files("/proc/self/fd", failed);
  if (failed) return 0;
  const auto count = std::distance(begin(files), end(files));
  return count > 0 ? static_cast<std::size_t>(count) - 1 : 0;  // one belongs to the iterator itself
}

}  // namespace gensetd::daemon
