#include "app/health_command.hpp"

#include "app/bad_option.hpp"
#include "app/http_client.hpp"
#include "app/own_daemon.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include <exception>
#include <ostream>
#include <stdexcept>
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

struct Asked {
  DaemonUrl url;
  Trust trust;
};

// Throws BadOption and SettingsError.
Asked asked_of(const HealthOptions& options) {
  if (options.url.empty()) {
    const OwnDaemon own = own_daemon();
    return {.url = own.url, .trust = trust_of(own.url, options.ca.empty() ? own.certificate : options.ca)};
  }
  const auto parsed = parse_daemon_url(options.url);
  if (const auto* refusal = std::get_if<std::string>(&parsed)) throw BadOption(*refusal);
  const auto& url = std::get<DaemonUrl>(parsed);
  return {.url = url, .trust = trust_of(url, options.ca)};
}

}  // namespace

int health_command(const HealthOptions& options, std::ostream& out, std::ostream& errors) {
  Asked asked;
  try {
    asked = asked_of(options);
  } catch (const std::runtime_error& bad) {
    errors << "gensetd health: " << bad.what() << std::endl;
    return 2;
  }
  const HttpReply reply = ask_health(asked.url, asked.trust);
  if (!reply.error.empty()) {
    errors << "gensetd health: " << reply.error << std::endl;
    return 1;
  }
  if (reply.status != 200) {
    errors << fmt::format("gensetd health: {} answers {}: {}", to_text(asked.url), reply.status, reply.body)
           << std::endl;
    return 1;
  }
  out << reply.body << std::endl;
  return 0;
}

}  // namespace gensetd::app
