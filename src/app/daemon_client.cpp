#include "app/daemon_client.hpp"

#include "app/daemon_answers.hpp"
#include "app/http_client.hpp"
#include "poller/reader.hpp"

#include <fmt/format.h>

#include <utility>

namespace gensetd::app {
namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds profile_within{10'000};
constexpr milliseconds read_within{40'000};
static_assert(read_within > poller::Reader::patience + seconds{5}, "the daemon says itself that it is late");

// Why the daemon refused, for people; empty when it did not.
std::string refusal(const DaemonUrl& url, const HttpReply& reply) {
  if (!reply.error.empty()) return reply.error;
  if (reply.status == 200) return {};
  const std::string message = error_message(reply.body);
  if (reply.status == 401)
    return fmt::format("{}: the daemon wants its token; give --token, or API_TOKEN in the environment",
                       to_text(url));
  if (message.empty())
    return fmt::format("{}: HTTP status {}; what answers there is no gensetd", to_text(url), reply.status);
  if (reply.status == 405)
    return fmt::format("{}: the gensetd there is too old to read for others ({})", to_text(url), message);
  return fmt::format("{}: {}", to_text(url), message);
}

std::string not_understood(const DaemonUrl& url, const BadAnswer& bad) {
  return fmt::format("{}: the answer is not understood: {}; is it a gensetd of this version?", to_text(url),
                     bad.what());
}

}  // namespace

asio::awaitable<std::string> DaemonClient::fetch_profile() {
  HttpRequest request{.path = "/api/profiles/" + job_.profile_name, .token = job_.token};
  const HttpReply reply = co_await ask_daemon(*job_.via, job_.trust, std::move(request), profile_within);
  std::string error = refusal(*job_.via, reply);
  if (!error.empty()) co_return error;
  try {
    profile_ = profile_from(reply.body);
  } catch (const BadAnswer& bad) {
    error = not_understood(*job_.via, bad);
  }
  co_return error;
}

asio::awaitable<http::ReadNowResult> DaemonClient::read() {
  http::ReadNowResult result;
  if (!profile_ && !job_.range) {
    result.error = co_await fetch_profile();
    if (!result.error.empty()) co_return result;
  }
  HttpRequest request{
      .post = true, .path = "/api/devices/read", .token = job_.token, .body = read_body(job_)};
  const HttpReply reply = co_await ask_daemon(*job_.via, job_.trust, std::move(request), read_within);
  result.error = refusal(*job_.via, reply);
  if (!result.error.empty()) co_return result;
  try {
    result = read_now_from(reply.body, job_.range ? nullptr : profile_);
  } catch (const BadAnswer& bad) {
    result.error = not_understood(*job_.via, bad);
  }
  co_return result;
}

}  // namespace gensetd::app
