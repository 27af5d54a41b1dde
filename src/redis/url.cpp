#include "redis/url.hpp"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include <charconv>
#include <stdexcept>

namespace gensetd::redis {
namespace {

[[noreturn]] void refuse(const std::string& what) {
  throw std::runtime_error("REDIS_URL " + what + "; allowed is redis://[user:password@]host[:port][/db]");
}

std::string host_of(const boost::urls::url_view& url) {
  const std::string host = url.host_address();
  if (host.empty()) refuse("has no host");
  // An encoded host could smuggle line breaks into log lines.
  if (url.encoded_host().find('%') != boost::urls::string_view::npos)
    refuse("has a percent sign in its host");
  return host;
}

std::uint16_t port_of(const boost::urls::url_view& url) {
  if (!url.has_port() || url.port().empty()) return Address{}.port;
  // port_number() of Boost 1.81 takes a number that is too large modulo 65536.
  const std::string text = url.port();
  std::uint16_t number = 0;
  const auto [stopped, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc{} || stopped != text.data() + text.size() || number == 0)
    refuse("has a port that is not 1 to 65535");
  return number;
}

int database_of(const boost::urls::url_view& url) {
  const std::string path = url.path();
  if (path.empty() || path == "/") return 0;
  // Boost 1.81 takes what follows an address, such as the letter in 10.0.0.1O:6379, for a path.
  if (path.front() != '/') refuse("has no good host");
  int number = -1;
  const char* const end = path.data() + path.size();
  const auto [stopped, failed] = std::from_chars(path.data() + 1, end, number);
  if (failed != std::errc{} || stopped != end || number < 0) {
    refuse("has a database that is not a number from 0 up");
  }
  return number;
}

}  // namespace

Address parse_url(std::string_view text) {
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
  if (url.has_query() || url.has_fragment()) refuse("has a part after ? or #, which means nothing here");
  Address address;
  address.host = host_of(url);
  address.port = port_of(url);
  address.user = url.user();
  address.password = url.password();
  address.database = database_of(url);
  if (!address.user.empty() && address.password.empty()) refuse("has a user but no password");
  return address;
}

std::string print_endpoint(const Address& address) {
  const bool is_ipv6 = address.host.find(':') != std::string::npos;
  const std::string host = is_ipv6 ? "[" + address.host + "]" : address.host;
  return host + ":" + std::to_string(address.port);
}

}  // namespace gensetd::redis
