#include "app/settings.hpp"

#include <boost/asio/ip/address.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <thread>
#include <utility>

namespace gensetd::app {
namespace {

using std::string_view;

constexpr std::array infos{
    SettingInfo{"POLL_INTERVAL", "2.0", "seconds between the starts of two cycles of a device"},
    SettingInfo{"MODBUS_TIMEOUT", "2.0", "seconds to connect, and to wait for an answer"},
    SettingInfo{"MODBUS_RETRY_DELAY", "5.0", "seconds before the next attempt after a failure"},
    SettingInfo{"OFFLINE_AFTER", "1", "failed cycles in a row before a device is offline"},
    SettingInfo{"POLL_THREADS", "cores - 1", "threads that poll, at least one"},
    SettingInfo{"REDIS_URL", "", "redis://[user:password@]host:port/db; empty: no Redis"},
    SettingInfo{"REDIS_PREFIX", "", "prefix of all keys and channels in Redis, for gateways that share one"},
    SettingInfo{"METRICS_TTL", "30", "seconds after which a device's hash expires; 0: never"},
    SettingInfo{"DATABASE_URL", "",
                "sqlite:///path, sqlite:////absolute/path, or postgresql://user:password@host:port/name; "
                "empty: gensetd.sqlite "
                "in the state directory"},
    SettingInfo{"HTTP_LISTEN", "127.0.0.1:8010", "address and port of REST, WebSocket and page"},
    SettingInfo{"API_TOKEN", "", "when set, every request but health and static files needs it"},
    SettingInfo{"READ_TOKEN", "", "a second token, beside API_TOKEN, that only reads"},
    SettingInfo{"ALLOW_ANONYMOUS", "0", "1: listen on any address without API_TOKEN"},
    SettingInfo{"ALLOWED_ORIGINS", "",
                "origins, by commas, that a browser may come from, beside the page's own"},
    SettingInfo{"TLS_CERT", "",
                "PEM file of a certificate with its chain: https and wss; SIGHUP reads it anew"},
    SettingInfo{"TLS_KEY", "", "PEM file of its key, without passphrase"},
    SettingInfo{"HTTP_REQUEST_TIMEOUT", "10", "seconds that a request may take to arrive; then 408"},
    SettingInfo{"HTTP_HEADER_MAX", "16384", "bytes of a request's header; above: 431"},
    SettingInfo{"HTTP_BODY_MAX", "65536", "bytes of a request's body; above: 413"},
    SettingInfo{"HTTP_REQUESTS_PER_CONNECTION", "1000", "requests until a connection is closed"},
    SettingInfo{"HTTP_CONNECTIONS_MAX", "1024", "connections in all; above: 503"},
    SettingInfo{"HTTP_CONNECTIONS_PER_ADDRESS", "64",
                "connections of one address but 127.0.0.1 and ::1; above: 429"},
    SettingInfo{"WEBSOCKET_CLIENTS_MAX", "512", "WebSocket clients; above: 503"},
    SettingInfo{"WEBSOCKET_MESSAGE_MAX", "4096", "bytes of a client's WebSocket message; above: close 1009"},
    SettingInfo{"WEBSOCKET_COMPRESSION", "1",
                "0: do not compress (permessage-deflate) what dashboards are told"},
    SettingInfo{"EVENTS_OFFLINE_DELAY", "30", "seconds without connection until that is an alarm"},
    SettingInfo{"EVENTS_KEEP_DAYS", "90", "days of operation after which an event leaves the journal"},
    SettingInfo{"EVENTS_MAX", "100000", "events in the journal; beyond it the oldest leave"},
    SettingInfo{"HISTORY_SPAN", "3600", "seconds of readings that are held in memory for /api/history"},
    SettingInfo{"HISTORY_MEMORY", "64",
                "megabytes for them, all devices together; beyond it the oldest leave"},
    SettingInfo{"ALLOW_LOOPBACK_DEVICES", "0",
                "1: controllers may have loopback addresses, as those of gensetd simulate"},
    SettingInfo{"LOG_LEVEL", "info", "debug, info, warning or error"},
    SettingInfo{"LOG_FORMAT", "text", "text for people, json for collectors"},
    SettingInfo{"PROFILES", "", "a directory whose register maps are added to the built-in ones"},
    SettingInfo{"WEB_DIR", "", "a directory to serve the dashboard from, in place of the built-in one"},
};

struct NotAllowed {
  std::string allowed;  // in words
};

double seconds_between(string_view text, double least, double most) {
  double value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool good =
      failed == std::errc{} && end == text.data() + text.size() && value >= least && value <= most;
  if (!good) throw NotAllowed{fmt::format("a number of seconds from {} to {}", least, most)};
  return value;
}

std::chrono::milliseconds milliseconds_between(string_view text, double least, double most) {
  return std::chrono::milliseconds{std::llround(seconds_between(text, least, most) * 1000.0)};
}

std::int64_t whole_between(string_view text, std::int64_t least, std::int64_t most) {
  std::int64_t value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool good =
      failed == std::errc{} && end == text.data() + text.size() && value >= least && value <= most;
  if (!good) throw NotAllowed{fmt::format("a whole number from {} to {}", least, most)};
  return value;
}

void set_listen(Settings& settings, string_view text) {
  const NotAllowed refusal{
      "address:port, such as 127.0.0.1:8010 or [::1]:8010, with port 0 for any free one"};
  const auto colon = text.rfind(':');
  if (colon == string_view::npos) throw refusal;
  string_view address = text.substr(0, colon);
  const bool bracketed = address.starts_with('[') && address.ends_with(']');
  if (bracketed) address = address.substr(1, address.size() - 2);
  boost::system::error_code failed;
  const auto parsed = boost::asio::ip::make_address(std::string{address}, failed);
  if (failed || parsed.is_v6() != bracketed) throw refusal;
  std::int64_t port = 0;
  try {
    port = whole_between(text.substr(colon + 1), 0, 65'535);
  } catch (const NotAllowed&) {
    throw refusal;
  }
  settings.http_address = std::string{address};
  settings.http_port = static_cast<std::uint16_t>(port);
}

bool is_printable_word(string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
}

// What a header can carry as one word (RFC 9110, 5.6.2 and 11.2): others would never be accepted.
void set_token(std::string& token, const std::string& text) {
  if (!is_printable_word(text)) throw NotAllowed{"letters, digits and punctuation of ASCII, without spaces"};
  token = text;
}

// Nothing that a command line or a log line could not carry.
void set_redis_prefix(Settings& settings, const std::string& text) {
  constexpr std::size_t length_max = 64;
  if (text.size() > length_max || !is_printable_word(text))
    throw NotAllowed{fmt::format(
        "at most {} letters, digits and punctuation of ASCII, without spaces, such as site1:", length_max)};
  settings.redis_prefix = text;
}

bool is_origin(string_view text) {
  for (const string_view scheme : {"http://", "https://"}) {
    if (!text.starts_with(scheme)) continue;
    const string_view host = text.substr(scheme.size());
    return !host.empty() && host.find_first_of("/?#@ \t,*\"\\") == string_view::npos;
  }
  return false;
}

void set_origins(Settings& settings, string_view text) {
  while (!text.empty()) {
    const auto comma = text.find(',');
    string_view origin = text.substr(0, comma);
    while (origin.starts_with(' ')) origin.remove_prefix(1);
    while (origin.ends_with(' ')) origin.remove_suffix(1);
    if (!is_origin(origin))
      throw NotAllowed{"origins separated by commas, such as https://panel.example.com,http://10.0.0.5:3000"};
    settings.allowed_origins.emplace_back(origin);
    if (comma == string_view::npos) return;
    text.remove_prefix(comma + 1);
  }
}

template <class Enum, std::size_t N>
Enum one_of(string_view text, const std::pair<string_view, Enum> (&words)[N]) {
  std::string allowed;
  for (const auto& [word, value] : words) {
    if (word == text) return value;
    allowed += fmt::format("{}{}", allowed.empty() ? "" : " or ", word);
  }
  throw NotAllowed{allowed};
}

bool yes_or_no(string_view text) {
  static constexpr std::pair<string_view, bool> words[] = {
      {"1", true}, {"0", false}, {"true", true}, {"false", false}};
  return one_of(text, words);
}

void set_web_dir(Settings& settings, const std::string& text) {
  std::error_code failed;
  if (!text.empty() && !std::filesystem::is_regular_file(std::filesystem::path{text} / "index.html", failed))
    throw NotAllowed{"a directory that can be read and has an index.html in it"};
  settings.web_dir = text;
}

LogLevel log_level(string_view text) {
  static constexpr std::pair<string_view, LogLevel> words[] = {{"debug", LogLevel::debug},
                                                               {"info", LogLevel::info},
                                                               {"warning", LogLevel::warning},
                                                               {"error", LogLevel::error}};
  return one_of(text, words);
}

LogFormat log_format(string_view text) {
  static constexpr std::pair<string_view, LogFormat> words[] = {{"text", LogFormat::text},
                                                                {"json", LogFormat::json}};
  return one_of(text, words);
}

std::size_t count_between(string_view text, std::int64_t least, std::int64_t most) {
  return static_cast<std::size_t>(whole_between(text, least, most));
}

void set_limit(http::Limits& to, string_view name, string_view text) {
  if (name == "HTTP_REQUEST_TIMEOUT") to.request_within = milliseconds_between(text, 0.1, 300);
  if (name == "HTTP_HEADER_MAX")
    to.header_bytes = static_cast<std::uint32_t>(whole_between(text, 1'024, 1'048'576));
  if (name == "HTTP_BODY_MAX") to.body_bytes = count_between(text, 1'024, 1'048'576);
  if (name == "HTTP_REQUESTS_PER_CONNECTION") to.requests_per_connection = count_between(text, 1, 1'000'000);
  if (name == "HTTP_CONNECTIONS_MAX") to.connections = count_between(text, 2, 100'000);
  if (name == "HTTP_CONNECTIONS_PER_ADDRESS") to.connections_per_address = count_between(text, 1, 100'000);
  if (name == "WEBSOCKET_CLIENTS_MAX") to.websockets = count_between(text, 1, 99'999);
  if (name == "WEBSOCKET_COMPRESSION") to.websocket_compression = yes_or_no(text);
  if (name == "WEBSOCKET_MESSAGE_MAX") to.websocket_message_bytes = count_between(text, 16, 1'048'576);
}

// What is kept of the past.
void set_record(Settings& to, string_view name, string_view text) {
  if (name == "EVENTS_OFFLINE_DELAY") to.events_offline_delay = milliseconds_between(text, 0, 86'400);
  if (name == "EVENTS_KEEP_DAYS") to.events_keep.age = std::chrono::days{whole_between(text, 1, 36'500)};
  if (name == "EVENTS_MAX") to.events_keep.events = count_between(text, 100, 10'000'000);
  if (name == "HISTORY_SPAN") to.history.span = std::chrono::seconds{whole_between(text, 60, 2'678'400)};
  if (name == "HISTORY_MEMORY") to.history.bytes_max = count_between(text, 1, 65'536) * 1'000'000;
}

void set(Settings& to, string_view name, const std::string& text) {
  // The ranges are those of a device's own settings.
  if (name == "POLL_INTERVAL") to.pace.poll_interval = milliseconds_between(text, 0.1, 86'400);
  if (name == "MODBUS_TIMEOUT") to.pace.modbus_timeout = milliseconds_between(text, 0.05, 60);
  if (name == "MODBUS_RETRY_DELAY") to.pace.retry_delay = milliseconds_between(text, 0.05, 3'600);
  if (name == "OFFLINE_AFTER") to.pace.offline_after = static_cast<int>(whole_between(text, 1, 1'000));
  if (name == "POLL_THREADS") to.poll_threads = count_between(text, 1, 64);
  if (name == "REDIS_URL") to.redis_url = text;
  if (name == "REDIS_PREFIX") set_redis_prefix(to, text);
  if (name == "METRICS_TTL") to.metrics_ttl = std::chrono::seconds{whole_between(text, 0, 31'536'000)};
  if (name == "DATABASE_URL") to.database_url = text;
  if (name == "HTTP_LISTEN") set_listen(to, text);
  if (name == "API_TOKEN") set_token(to.api_token, text);
  if (name == "READ_TOKEN") set_token(to.read_token, text);
  if (name == "ALLOW_ANONYMOUS") to.allow_anonymous = yes_or_no(text);
  if (name == "TLS_CERT") to.tls_cert = text;
  if (name == "TLS_KEY") to.tls_key = text;
  set_limit(to.http_limits, name, text);
  set_record(to, name, text);
  if (name == "ALLOW_LOOPBACK_DEVICES") to.allow_loopback_devices = yes_or_no(text);
  if (name == "ALLOWED_ORIGINS") set_origins(to, text);
  if (name == "LOG_LEVEL") to.log_level = log_level(text);
  if (name == "LOG_FORMAT") to.log_format = log_format(text);
  if (name == "PROFILES") to.profiles = text;
  if (name == "WEB_DIR") set_web_dir(to, text);
}

bool is_secret(string_view name) { return name == "API_TOKEN" || name == "READ_TOKEN"; }

void check_tokens(const Settings& settings) {
  if (settings.read_token.empty()) return;
  if (settings.api_token.empty())
    throw SettingsError{
        "READ_TOKEN: without API_TOKEN everybody may do everything; set API_TOKEN too, or neither"};
  if (settings.read_token == settings.api_token)
    throw SettingsError{"READ_TOKEN: it is the same as API_TOKEN; give one of its own, for it only reads"};
}

void check_together(const Settings& settings) {
  check_tokens(settings);
  if (settings.tls_cert.empty() != settings.tls_key.empty())
    throw SettingsError{settings.tls_cert.empty() ? "TLS_KEY: TLS_CERT is not set; give both, or neither"
                                                  : "TLS_CERT: TLS_KEY is not set; give both, or neither"};
  const http::Limits& limits = settings.http_limits;
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

std::span<const SettingInfo> all_settings() { return infos; }

std::string key_of(string_view name) {
  std::string key{name};
  std::ranges::transform(key, key.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return key;
}

std::string option_of(string_view name) {
  std::string option = key_of(name);
  std::ranges::replace(option, '_', '-');
  return "--" + option;
}

Settings settings_from(const GivenValues& given) {
  Settings settings;
  for (const auto& [name, value] : given) {
    try {
      set(settings, name, value.text);
    } catch (const NotAllowed& refusal) {
      const std::string shown = is_secret(name) ? "the value" : "'" + value.text + "'";
      throw SettingsError{fmt::format("{}: {} (from {}) is not allowed; give {}", name, shown, value.origin,
                                      refusal.allowed)};
    }
  }
  check_together(settings);
  return settings;
}

void read_environment(GivenValues& given) {
  for (const SettingInfo& info : infos) {
    const std::string name{info.name};
    const char* text = std::getenv(name.c_str());
    if (text != nullptr && *text != '\0') given[name] = {text, "the environment"};
  }
}

}  // namespace gensetd::app
