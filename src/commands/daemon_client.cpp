#include "commands/daemon_client.hpp"

#include "commands/daemon_responses.hpp"
#include "commands/http_client.hpp"
#include "poller/reader.hpp"

#include <fmt/format.h>

#include <utility>

namespace gensetd::commands {
namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds profile_timeout{10'000};
constexpr milliseconds read_timeout{40'000};
static_assert(read_timeout > poller::Reader::time_limit + seconds{5},
              "the daemon reports its own timeout first");

// Why the daemon refused the request, for people; empty when it did not.
std::string refusal(const DaemonUrl& url, const DaemonResponse& response) {
  if (!response.error.empty()) return response.error;
  if (response.status == 200) return {};
  const std::string message = error_message(response.body);
  if (response.status == 401)
    return fmt::format("{}: the daemon requires its token; give --token, or API_TOKEN in the environment",
                       to_text(url));
  if (message.empty())
    return fmt::format("{}: HTTP status {}; the server there is not gensetd", to_text(url), response.status);
  if (response.status == 405)
    return fmt::format("{}: that gensetd is too old for --via ({})", to_text(url), message);
  return fmt::format("{}: {}", to_text(url), message);
}

std::string invalid_response_error(const DaemonUrl& url, const InvalidResponse& bad) {
  return fmt::format("{}: cannot interpret the response: {}; is it a gensetd of this version?", to_text(url),
                     bad.what());
}

}  // namespace

asio::awaitable<std::string> DaemonClient::fetch_profile() {
  DaemonRequest request{.path = "/api/profiles/" + job_.profile_name, .token = job_.token};
  const DaemonResponse response =
      co_await send_request(*job_.via, job_.tls, std::move(request), profile_timeout);
  std::string error = refusal(*job_.via, response);
  if (!error.empty()) co_return error;
  try {
    profile_ = profile_from(response.body);
  } catch (const InvalidResponse& bad) {
    error = invalid_response_error(*job_.via, bad);
  }
  co_return error;
}

asio::awaitable<api::ReadNowResult> DaemonClient::read() {
  api::ReadNowResult result;
  if (!profile_ && !job_.range) {
    result.error = co_await fetch_profile();
    if (!result.error.empty()) co_return result;
  }
  DaemonRequest request{
      .post = true, .path = "/api/devices/read", .token = job_.token, .body = read_body(job_)};
  const DaemonResponse response =
      co_await send_request(*job_.via, job_.tls, std::move(request), read_timeout);
  result.error = refusal(*job_.via, response);
  if (!result.error.empty()) co_return result;
  try {
    result = read_now_from(response.body, job_.range ? nullptr : profile_);
  } catch (const InvalidResponse& bad) {
    result.error = invalid_response_error(*job_.via, bad);
  }
  co_return result;
}

}  // namespace gensetd::commands
