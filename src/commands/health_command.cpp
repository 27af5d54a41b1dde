#include "commands/health_command.hpp"

#include "commands/bad_option.hpp"
#include "commands/http_client.hpp"
#include "commands/local_daemon.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include <exception>
#include <ostream>
#include <stdexcept>
#include <variant>

namespace gensetd::commands {
namespace {

namespace asio = boost::asio;

constexpr std::chrono::seconds response_max{5};

DaemonResponse request_health(const DaemonUrl& url, const TlsContext& tls) {
  asio::io_context context{1};
  DaemonResponse response;
  DaemonRequest request{.post = false, .path = "/health", .token = {}, .body = {}};
  asio::co_spawn(context, send_request(url, tls, std::move(request), response_max),
                 [&response](const std::exception_ptr& failed, DaemonResponse received) {
                   if (failed) std::rethrow_exception(failed);
                   response = std::move(received);
                 });
  context.run();
  return response;
}

struct HealthTarget {
  DaemonUrl url;
  TlsContext tls;
};

// Throws BadOption and SettingsError.
HealthTarget target_of(const HealthOptions& options) {
  if (options.url.empty()) {
    const LocalDaemon own = local_daemon();
    return {.url = own.url,
            .tls = make_tls_context(own.url, options.ca.empty() ? own.certificate : options.ca)};
  }
  const auto parsed = parse_daemon_url(options.url);
  if (const auto* refusal = std::get_if<std::string>(&parsed)) throw BadOption(*refusal);
  const auto& url = std::get<DaemonUrl>(parsed);
  return {.url = url, .tls = make_tls_context(url, options.ca)};
}

}  // namespace

int health_command(const HealthOptions& options, std::ostream& out, std::ostream& errors) {
  HealthTarget target;
  try {
    target = target_of(options);
  } catch (const std::runtime_error& bad) {
    errors << "gensetd health: " << bad.what() << std::endl;
    return 2;
  }
  const DaemonResponse response = request_health(target.url, target.tls);
  if (!response.error.empty()) {
    errors << "gensetd health: " << response.error << std::endl;
    return 1;
  }
  if (response.status != 200) {
    errors << fmt::format("gensetd health: {} answers {}: {}", to_text(target.url), response.status,
                          response.body)
           << std::endl;
    return 1;
  }
  out << response.body << std::endl;
  return 0;
}

}  // namespace gensetd::commands
