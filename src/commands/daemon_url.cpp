#include "commands/daemon_url.hpp"

#include "poller/describe.hpp"
#include "registry/address.hpp"
#include "text/host_port.hpp"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <fmt/format.h>

#include <optional>

namespace gensetd::commands {
namespace {

constexpr std::string_view allowed =
    "give http://HOST:PORT or https://HOST:PORT, such as http://127.0.0.1:8010";

}  // namespace

std::variant<DaemonUrl, std::string> parse_daemon_url(std::string_view text) {
  const auto parsed = boost::urls::parse_uri({text.data(), text.size()});
  if (!parsed) return fmt::format("this is not a URL; {}", allowed);
  const boost::urls::url_view& url = *parsed;
  const bool tls = url.scheme_id() == boost::urls::scheme::https;
  if (!tls && url.scheme_id() != boost::urls::scheme::http)
    return fmt::format("this is not an http:// or https:// URL; {}", allowed);
  if (url.has_userinfo())
    return std::string{"user and password in a URL are not used; give the daemon's token with --token"};
  if (url.has_query() || url.has_fragment())
    return fmt::format("a query or fragment is not used; {}", allowed);

  DaemonUrl daemon{.port = static_cast<std::uint16_t>(tls ? 443 : 80), .tls = tls};
  daemon.host = url.host_address();
  if (!registry::is_address(daemon.host)) return fmt::format("it has no valid host; {}", allowed);
  if (url.has_port()) {
    const auto port = text::parse_port(std::string{url.port()});
    if (!port) return fmt::format("the port is out of range; {}", allowed);
    daemon.port = *port;
  }
  const auto path = url.encoded_path();
  // Boost 1.81 parses text behind an address, such as the letter in 10.0.0.1O:80, as a path.
  if (!path.empty() && path.front() != '/') return fmt::format("it has no valid host; {}", allowed);
  daemon.path.assign(path.data(), path.size());
  while (daemon.path.ends_with('/')) daemon.path.pop_back();
  return daemon;
}

std::string to_text(const DaemonUrl& url) {
  return (url.tls ? "https://" : "http://") + text::print_host_port(url.host, url.port) + url.path;
}

}  // namespace gensetd::commands
