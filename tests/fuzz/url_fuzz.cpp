#include "check.hpp"
#include "commands/daemon_url.hpp"
#include "redis/url.hpp"
#include "registry/address.hpp"
#include "registry/database_url.hpp"

#include <boost/asio/ip/address.hpp>

#include <algorithm>
#include <arpa/inet.h>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>

using namespace gensetd;

namespace {

// A message about a URL is one line and does not contain its password.
void check_text(std::string_view text, std::string_view secret) {
  check(!text.empty() && text.find('\n') == std::string_view::npos);
  check(secret.empty() || text.find(secret) == std::string_view::npos);
}

void try_redis(const std::string& url, std::string_view secret) {
  try {
    const redis::RedisAddress address = redis::parse_url(url);
    check(!address.host.empty() && address.port > 0 && address.database >= 0);
    check_text(redis::print_endpoint(address), address.host.find(secret) == std::string::npos ? secret : "");
  } catch (const std::runtime_error& error) {
    check_text(error.what(), secret);
  }
}

void try_database(const std::string& url, std::string_view secret) {
  try {
    const registry::DatabaseAddress address = registry::parse_database_url(url);
    const auto* server = std::get_if<registry::PostgresAddress>(&address);
    if (server == nullptr) return;
    check(!server->host.empty() && !server->user.empty() && !server->database.empty() && server->port > 0);
    if (server->password.find(secret) != std::string::npos)
      check_text(registry::print_database(address), secret);
  } catch (const std::runtime_error& error) {
    check_text(error.what(), secret);
  }
}

void try_daemon(const std::string& url, std::string_view secret) {
  const auto parsed = commands::parse_daemon_url(url);
  if (const auto* why = std::get_if<std::string>(&parsed)) return check_text(*why, secret);
  const auto& daemon = std::get<commands::DaemonUrl>(parsed);
  check(!daemon.host.empty() && daemon.port > 0);
  const auto again = commands::parse_daemon_url(commands::to_text(daemon));
  check(std::holds_alternative<commands::DaemonUrl>(again) && std::get<commands::DaemonUrl>(again) == daemon);
}

// An accepted device address has one normal spelling, which is accepted again, and is not a disguised number.
void try_address(const std::string& text) {
  const auto normal = registry::normal_address(text);
  if (!normal) return;
  check(registry::normal_address(*normal) == normal);
  check(normal->size() <= 253 && normal->find_first_of(" /@[]%\n") == std::string::npos);
  boost::system::error_code failed;
  const auto address = boost::asio::ip::make_address(*normal, failed);
  if (!failed) check(address.to_string() == *normal && !(address.is_v6() && address.to_v6().is_v4_mapped()));
  in_addr number{};
  if (inet_aton(normal->c_str(), &number) != 0) check(!failed && address.is_v4());
}

}  // namespace

// The text is used as a URL, as an address, and as the part of a URL that follows a password.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static constexpr std::string_view secret = "xyzzy-4711";
  const std::string text{reinterpret_cast<const char*>(data), size};
  for (const auto attempt : {try_redis, try_database, try_daemon}) attempt(text, "");
  if (text.find(secret) != std::string::npos) return 0;
  const std::string login = "user:" + std::string{secret};
  try_redis("redis://" + login + text, secret);
  try_database("postgresql://" + login + text, secret);
  try_daemon("http://" + login + "@" + text, secret);
  try_address(text);
  return 0;
}
