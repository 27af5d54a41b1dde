#include "app/own_daemon.hpp"

#include "app/settings.hpp"

#include <boost/asio/ip/address.hpp>

namespace gensetd::app {
namespace {

std::string reachable(const std::string& listening) {
  const auto address = boost::asio::ip::make_address(listening);
  if (!address.is_unspecified()) return listening;
  return address.is_v6() ? "::1" : "127.0.0.1";
}

}  // namespace

OwnDaemon own_daemon() {
  GivenValues environment;
  read_environment(environment);
  // Of the others nothing is needed, so nothing of them is judged.
  GivenValues given{{"ALLOW_ANONYMOUS", {"1", "here"}}};
  for (const char* name : {"HTTP_LISTEN", "TLS_CERT", "TLS_KEY"}) {
    const auto place = environment.find(name);
    if (place != environment.end()) given.insert(*place);
  }
  const Settings settings = settings_from(given);
  return {.url = {.host = reachable(settings.http_address),
                  .port = settings.http_port,
                  .tls = !settings.tls_cert.empty(),
                  .is_own = true},
          .certificate = settings.tls_cert.string()};
}

}  // namespace gensetd::app
