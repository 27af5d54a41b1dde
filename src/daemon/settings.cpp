#include "daemon/settings.hpp"

#include "daemon/settings_table.hpp"

#include <boost/asio/ip/address.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <thread>

namespace gensetd::daemon {
namespace {

void check_tokens(const Settings& settings) {
  if (settings.read_token.empty()) return;
  if (settings.api_token.empty())
    throw SettingsError{
        "READ_TOKEN: without API_TOKEN every client may do everything; set API_TOKEN too, or neither"};
  if (settings.read_token == settings.api_token)
    throw SettingsError{
        "READ_TOKEN: it is the same as API_TOKEN; give another token, which only permits reading"};
}

void check_together(const Settings& settings) {
  check_tokens(settings);
  if (settings.tls_cert.empty() != settings.tls_key.empty())
    throw SettingsError{settings.tls_cert.empty() ? "TLS_KEY: TLS_CERT is not set; give both, or neither"
                                                  : "TLS_CERT: TLS_KEY is not set; give both, or neither"};
  const server::ServerLimits& limits = settings.http_limits;
  if (limits.websockets >= limits.connections)
    throw SettingsError{
        fmt::format("WEBSOCKET_CLIENTS_MAX: {} WebSockets would leave no room for REST; give less than "
                    "HTTP_CONNECTIONS_MAX, which is {}",
                    limits.websockets, limits.connections)};
  const auto address = boost::asio::ip::make_address(settings.http_address);
  if (address.is_loopback() || !settings.api_token.empty() || settings.allow_anonymous) return;
  throw SettingsError{
      fmt::format("HTTP_LISTEN: '{}:{}' can be reached from other machines and API_TOKEN is not set; set "
                  "API_TOKEN, listen on "
                  "127.0.0.1, or set ALLOW_ANONYMOUS=1",
                  settings.http_address, settings.http_port)};
}

}  // namespace

std::size_t default_poll_threads() { return std::max(2U, std::thread::hardware_concurrency()) - 1; }

Settings parse_settings(const SettingInputs& given) {
  Settings settings;
  for (const auto& [name, value] : given) {
    const Setting* setting = find_setting(name);
    if (setting == nullptr || setting->set(*setting, settings, value.text)) continue;
    const std::string shown = setting->is_secret ? "the value" : "'" + value.text + "'";
    throw SettingsError{fmt::format("{}: {} (from {}) is not allowed; give {}", name, shown, value.origin,
                                    setting->allowed(*setting))};
  }
  check_together(settings);
  return settings;
}

void read_environment(SettingInputs& given) {
  for (const Setting& setting : all_settings()) {
    const std::string name{setting.name};
    const char* text = std::getenv(name.c_str());
    if (text != nullptr && *text != '\0') given[name] = {text, "the environment"};
  }
}

}  // namespace gensetd::daemon
