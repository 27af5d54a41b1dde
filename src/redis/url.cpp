#include "redis/url.hpp"

#include "text/host_port.hpp"
#include "text/number.hpp"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include <stdexcept>

namespace gensetd::redis {
namespace {

[[noreturn]] void refuse(const std::string& what) {
  throw std::runtime_error("REDIS_URL " + what + "; allowed is redis://[user:password@]host[:port][/db]");
}

std::string host_of(const boost::urls::url_view& url) {
  const std::string host = url.host_address();
  if (host.empty()) refuse("has no host");
  // An encoded host could contain line breaks, which would end up in log lines.
  if (url.encoded_host().find('%') != boost::urls::string_view::npos)
    refuse("has a percent sign in its host");
  return host;
}

std::uint16_t port_of(const boost::urls::url_view& url) {
  if (!url.has_port() || url.port().empty()) return RedisAddress{}.port;
  const auto port = text::parse_port(std::string{url.port()});
  if (!port) refuse("has a port that is not 1 to 65535");
  return *port;
}

int database_of(const boost::urls::url_view& url) {
  const std::string path = url.path();
  if (path.empty() || path == "/") return 0;
  // Boost 1.81 parses text behind an address, such as the letter in 10.0.0.1O:6379, as a path.
  if (path.front() != '/') refuse("has no valid host");
  const auto number = text::parse_number<int>(std::string_view{path}.substr(1), 0);
  if (!number) refuse("has a database that is not a number of at least 0");
  return *number;
}

}  // namespace

RedisAddress parse_url(std::string_view text) {
  const auto parsed = boost::urls::parse_uri(boost::urls::string_view(text.data(), text.size()));
  if (!parsed) {
    refuse(
        "is not a URL (special characters of a password are written in percent form, @ as %40, # as %23, / "
        "as "
        "%2F)");
  }
  const boost::urls::url_view& url = *parsed;
  if (url.scheme() != "redis") refuse("does not begin with redis://");
  if (!url.has_authority()) refuse("has no host");
  if (url.has_query() || url.has_fragment()) refuse("has a part after ? or #, which is not used");
  RedisAddress address;
  address.host = host_of(url);
  address.port = port_of(url);
  address.user = url.user();
  address.password = url.password();
  address.database = database_of(url);
  if (!address.user.empty() && address.password.empty()) refuse("has a user but no password");
  return address;
}

std::string print_endpoint(const RedisAddress& address) {
  return text::print_host_port(address.host, address.port);
}

}  // namespace gensetd::redis
