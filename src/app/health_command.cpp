#include "app/health_command.hpp"

#include "app/bad_option.hpp"
#include "app/http_client.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include <exception>
#include <ostream>
#include <variant>

namespace gensetd::app {
namespace {

namespace asio = boost::asio;

constexpr std::chrono::seconds patience{5};

HttpReply ask_health(const DaemonUrl& url, const Trust& trust) {
  asio::io_context context{1};
  HttpReply reply;
  HttpRequest request{.post = false, .path = "/health", .token = {}, .body = {}};
  asio::co_spawn(context, ask_daemon(url, trust, std::move(request), patience),
                 [&reply](const std::exception_ptr& failed, HttpReply answer) {
                   if (failed) std::rethrow_exception(failed);
                   reply = std::move(answer);
                 });
  context.run();
  return reply;
}

}  // namespace

int health_command(const HealthOptions& options, std::ostream& out, std::ostream& errors) {
  const auto parsed = parse_daemon_url(options.url);
  if (const auto* refusal = std::get_if<std::string>(&parsed)) {
    errors << "gensetd health: " << *refusal << std::endl;
    return 2;
  }
  const DaemonUrl& url = std::get<DaemonUrl>(parsed);
  Trust trust;
  try {
    trust = trust_of(url, options.ca);
  } catch (const BadOption& bad) {
    errors << "gensetd health: " << bad.what() << std::endl;
    return 2;
  }
  const HttpReply reply = ask_health(url, trust);
  if (!reply.error.empty()) {
    errors << "gensetd health: " << reply.error << std::endl;
    return 1;
  }
  if (reply.status != 200) {
    errors << fmt::format("gensetd health: {} answers {}: {}", to_text(url), reply.status, reply.body)
           << std::endl;
    return 1;
  }
  out << reply.body << std::endl;
  return 0;
}

}  // namespace gensetd::app
