#include "commands/local_daemon.hpp"

#include "daemon/settings.hpp"

#include <boost/asio/ip/address.hpp>

namespace gensetd::commands {
namespace {

std::string reachable(const std::string& listening) {
  const auto address = boost::asio::ip::make_address(listening);
  if (!address.is_unspecified()) return listening;
  return address.is_v6() ? "::1" : "127.0.0.1";
}

}  // namespace

LocalDaemon local_daemon() {
  daemon::SettingInputs environment;
  daemon::read_environment(environment);
  // The other settings are not needed, so their mistakes do not matter here.
  daemon::SettingInputs given{{"ALLOW_ANONYMOUS", {"1", "here"}}};
  for (const char* name : {"HTTP_LISTEN", "TLS_CERT", "TLS_KEY"}) {
    const auto place = environment.find(name);
    if (place != environment.end()) given.insert(*place);
  }
  const daemon::Settings settings = daemon::parse_settings(given);
  return {.url = {.host = reachable(settings.http_address),
                  .port = settings.http_port,
                  .tls = !settings.tls_cert.empty(),
                  .is_local = true},
          .certificate = settings.tls_cert.string()};
}

}  // namespace gensetd::commands
