#include "daemon/settings_table.hpp"

#include "daemon/setting_values.hpp"
#include "link/retry_policy.hpp"

#include <fmt/compile.h>

#include <algorithm>
#include <array>
#include <string>

namespace gensetd::daemon {
namespace {

using enum SettingGroup;

// One function per kind of value. `member` is a function that returns a reference to the member of Settings.
template <auto member>
constexpr Setting seconds(Setting row, registry::Range range) {
  row.value = "SECONDS";
  row.range = range;
  row.allowed = allowed_seconds;
  row.set = [](const Setting& setting, Settings& settings, std::string_view text) {
    return parse_seconds(text, setting.range, member(settings));
  };
  row.show = [](const Settings& settings) { return show_seconds(member(settings)); };
  return row;
}

template <auto member, std::int64_t unit = 1>
constexpr Setting number(Setting row, registry::Range range) {
  if (row.value.empty()) row.value = "COUNT";
  row.range = range;
  row.allowed = allowed_whole;
  row.set = [](const Setting& setting, Settings& settings, std::string_view text) {
    return parse_whole(text, setting.range, unit, member(settings));
  };
  row.show = [](const Settings& settings) { return show_whole(member(settings), unit); };
  return row;
}

template <auto member>
constexpr Setting flag(Setting row) {
  row.value = "0|1";
  row.allowed = allowed_flag;
  row.set = [](const Setting&, Settings& settings, std::string_view text) {
    return parse_flag(text, member(settings));
  };
  row.show = [](const Settings& settings) { return std::string{member(settings) ? "1" : "0"}; };
  return row;
}

// Any text. It is validated where it is used.
template <auto member>
constexpr Setting text(Setting row) {
  row.allowed = allowed_text;
  row.set = [](const Setting&, Settings& settings, std::string_view given) {
    member(settings) = given;
    return true;
  };
  row.show = [](const Settings& settings) { return std::string{member(settings)}; };
  return row;
}

template <auto member>
constexpr Setting token(Setting row) {
  row.value = "TOKEN";
  row.is_secret = true;
  row.allowed = allowed_token;
  row.set = [](const Setting&, Settings& settings, std::string_view given) {
    return parse_token(given, member(settings));
  };
  row.show = [](const Settings& settings) { return member(settings); };
  return row;
}

template <auto member>
constexpr Setting word(Setting row) {
  using Words = WordsOf<std::remove_cvref_t<decltype(member(std::declval<Settings&>()))>>;
  row.value = Words::kind;
  row.allowed = [](const Setting&) { return allowed_words<Words>(); };
  row.set = [](const Setting&, Settings& settings, std::string_view given) {
    return parse_word<Words>(given, member(settings));
  };
  row.show = [](const Settings& settings) { return show_word<Words>(member(settings)); };
  return row;
}

constexpr Setting listen(Setting row) {
  row.value = "ADDRESS:PORT";
  row.allowed = allowed_listen;
  row.set = [](const Setting&, Settings& settings, std::string_view given) {
    return parse_listen(given, settings);
  };
  row.show = show_listen;
  return row;
}

constexpr Setting origins(Setting row) {
  row.value = "ORIGINS";
  row.allowed = allowed_origins;
  row.set = [](const Setting&, Settings& settings, std::string_view given) {
    return parse_origins(given, settings.allowed_origins);
  };
  row.show = show_origins;
  return row;
}

constexpr Setting redis_prefix(Setting row) {
  row.value = "PREFIX";
  row.allowed = allowed_redis_prefix;
  row.set = [](const Setting&, Settings& settings, std::string_view given) {
    return parse_redis_prefix(given, settings.redis_prefix);
  };
  row.show = [](const Settings& settings) { return settings.redis_prefix; };
  return row;
}

constexpr Setting web_directory(Setting row) {
  row.value = "DIRECTORY";
  row.allowed = allowed_web_directory;
  row.set = [](const Setting&, Settings& settings, std::string_view given) {
    return parse_web_directory(given, settings.web_dir);
  };
  row.show = [](const Settings& settings) { return settings.web_dir.string(); };
  return row;
}

// NOLINTNEXTLINE(bugprone-macro-parentheses): a member's name cannot stand in parentheses
#define MEMBER(name) [](auto& settings) -> auto& { return settings.name; }

constexpr auto retry_delay_details = [] {
  std::array<char, 200> text{};  // ends with a zero byte
  fmt::format_to(
      text.data(),
      FMT_COMPILE("Each delay is spread by up to {} %, so that devices do not reconnect at the same "
                  "instant. A device's own `retry_delay` overrides it."),
      link::retry_delay_spread_percent);
  return text;
}();

constexpr std::array table{
    seconds<MEMBER(polling.poll_interval)>({.name = "POLL_INTERVAL",
                                            .group = polling,
                                            .meaning = "time between the starts of two cycles of a device",
                                            .details = "A device's own `poll_interval` overrides it."},
                                           registry::poll_interval_seconds),
    seconds<MEMBER(polling.modbus_timeout)>(
        {.name = "MODBUS_TIMEOUT",
         .group = polling,
         .meaning = "time to connect to a controller, and to wait for a response",
         .details = "A device's own `modbus_timeout` overrides it."},
        registry::modbus_timeout_seconds),
    seconds<MEMBER(polling.retry_delay)>({.name = "MODBUS_RETRY_DELAY",
                                          .group = polling,
                                          .meaning = "time before the next attempt after a failed cycle",
                                          .details = retry_delay_details.data()},
                                         registry::retry_delay_seconds),
    number<MEMBER(polling.offline_after)>({.name = "OFFLINE_AFTER",
                                           .group = polling,
                                           .meaning = "failed cycles in a row before a device is offline",
                                           .details = "A device's own `offline_after` overrides it."},
                                          registry::offline_after_cycles),
    number<MEMBER(poll_threads)>({.name = "POLL_THREADS",
                                  .group = polling,
                                  .meaning = "number of threads that poll",
                                  .details = "The default is one less than the number of cores, at least 1.",
                                  .shown_default = "cores - 1"},
                                 {1, 64}),
    flag<MEMBER(allow_loopback_devices)>(
        {.name = "ALLOW_LOOPBACK_DEVICES",
         .group = polling,
         .meaning = "1: controllers may have loopback addresses",
         .details = "`gensetd simulate` listens on loopback addresses, so `./run` sets it."}),
    text<MEMBER(profiles)>({.name = "PROFILES",
                            .group = polling,
                            .value = "DIRECTORY",
                            .meaning = "directory of register maps to add to the built-in ones"}),

    text<MEMBER(redis_url)>(
        {.name = "REDIS_URL",
         .group = redis,
         .value = "URL",
         .meaning = "Redis to publish to, redis://[user:password@]host:port/db; empty: no Redis"}),
    redis_prefix({.name = "REDIS_PREFIX",
                  .group = redis,
                  .meaning = "prefix of all Redis keys and channels",
                  .details = "Daemons that share one Redis need different prefixes."}),
    number<MEMBER(metrics_ttl)>({.name = "METRICS_TTL",
                                 .group = redis,
                                 .value = "SECONDS",
                                 .meaning = "time after which a device's hash expires; 0: never",
                                 .details = "A hash never expires before three poll intervals have passed."},
                                {0, 31'536'000}),

    text<MEMBER(database_url)>(
        {.name = "DATABASE_URL",
         .group = database,
         .value = "URL",
         .meaning = "database: sqlite:///path, sqlite:////absolute/path, or "
                    "postgresql://user:password@host:port/name; empty: gensetd.sqlite in the state directory",
         .details = "It stores the registry and the event journal."}),

    listen({.name = "HTTP_LISTEN",
            .group = http,
            .meaning = "address and port of the page, REST and WebSocket",
            .details = "Port 0 takes any free port. A non-loopback address needs `API_TOKEN` or "
                       "`ALLOW_ANONYMOUS=1`."}),
    text<MEMBER(tls_cert)>({.name = "TLS_CERT",
                            .group = http,
                            .value = "FILE",
                            .meaning = "PEM file of a certificate with its chain: enables https and wss",
                            .details = "Needs `TLS_KEY`. SIGHUP reads both files again."}),
    text<MEMBER(tls_key)>({.name = "TLS_KEY",
                           .group = http,
                           .value = "FILE",
                           .meaning = "PEM file of the certificate's key, without passphrase"}),
    web_directory({.name = "WEB_DIR",
                   .group = http,
                   .meaning = "directory of a dashboard to serve in place of the built-in one"}),

    token<MEMBER(api_token)>(
        {.name = "API_TOKEN",
         .group = access,
         .meaning = "token that every request needs",
         .details =
             "Health, the files of the page and `/api/docs` need none. Without it, every client may do "
             "everything."}),
    token<MEMBER(read_token)>({.name = "READ_TOKEN",
                               .group = access,
                               .meaning = "second token, which only permits reading",
                               .details = "It permits GET and the WebSocket. Needs `API_TOKEN`."}),
    flag<MEMBER(allow_anonymous)>({.name = "ALLOW_ANONYMOUS",
                                   .group = access,
                                   .meaning = "1: listen on any address without API_TOKEN"}),
    origins({.name = "ALLOWED_ORIGINS",
             .group = access,
             .meaning = "further origins that browsers may come from, separated by commas",
             .details = "Their hosts are also accepted in the Host header."}),

    seconds<MEMBER(http_limits.request_timeout)>({.name = "HTTP_REQUEST_TIMEOUT",
                                                  .group = limits,
                                                  .meaning = "time for a request to arrive; beyond it: 408"},
                                                 {0.1, 300}),
    number<MEMBER(http_limits.header_bytes)>({.name = "HTTP_HEADER_MAX",
                                              .group = limits,
                                              .value = "BYTES",
                                              .meaning = "size of a request's header; above it: 431"},
                                             {1'024, 1'048'576}),
    number<MEMBER(http_limits.body_bytes)>({.name = "HTTP_BODY_MAX",
                                            .group = limits,
                                            .value = "BYTES",
                                            .meaning = "size of a request's body; above it: 413"},
                                           {1'024, 1'048'576}),
    number<MEMBER(http_limits.requests_per_connection)>(
        {.name = "HTTP_REQUESTS_PER_CONNECTION",
         .group = limits,
         .meaning = "requests after which a connection is closed"},
        {1, 1'000'000}),
    number<MEMBER(http_limits.connections)>({.name = "HTTP_CONNECTIONS_MAX",
                                             .group = limits,
                                             .meaning = "connections in all; above it: 503",
                                             .details = "WebSocket connections count too."},
                                            {2, 100'000}),
    number<MEMBER(http_limits.connections_per_address)>(
        {.name = "HTTP_CONNECTIONS_PER_ADDRESS",
         .group = limits,
         .meaning = "connections of one client address; above it: 429",
         .details = "An IPv6 network of 64 bits counts as one address. 127.0.0.1 and ::1 have no limit."},
        {1, 100'000}),
    number<MEMBER(http_limits.websockets)>({.name = "WEBSOCKET_CLIENTS_MAX",
                                            .group = limits,
                                            .meaning = "WebSocket clients; above it: 503",
                                            .details = "Must be less than `HTTP_CONNECTIONS_MAX`."},
                                           {1, 99'999}),
    number<MEMBER(http_limits.websocket_message_bytes)>(
        {.name = "WEBSOCKET_MESSAGE_MAX",
         .group = limits,
         .value = "BYTES",
         .meaning = "size of a message from a WebSocket client; above it: close 1009"},
        {16, 1'048'576}),
    flag<MEMBER(http_limits.websocket_compression)>(
        {.name = "WEBSOCKET_COMPRESSION",
         .group = limits,
         .meaning = "0: do not compress WebSocket messages to dashboards",
         .details = "With 1, messages to `proto=2` clients that offer permessage-deflate are compressed."}),

    seconds<MEMBER(events_offline_delay)>({.name = "EVENTS_OFFLINE_DELAY",
                                           .group = history,
                                           .meaning = "time without connection until that is an alarm"},
                                          {0, 86'400}),
    number<MEMBER(events_keep.age)>({.name = "EVENTS_KEEP_DAYS",
                                     .group = history,
                                     .value = "DAYS",
                                     .meaning = "days of operation that the journal keeps an event",
                                     .details = "Time without a running daemon does not count. Active alarms "
                                                "stay."},
                                    {1, 36'500}),
    number<MEMBER(events_keep.events)>({.name = "EVENTS_MAX",
                                        .group = history,
                                        .meaning = "events in the journal; beyond it the oldest are deleted"},
                                       {100, 10'000'000}),
    number<MEMBER(history.span)>({.name = "HISTORY_SPAN",
                                  .group = history,
                                  .value = "SECONDS",
                                  .meaning = "age of the oldest readings in memory for /api/history"},
                                 {60, 2'678'400}),
    number<MEMBER(history.bytes_max), 1'000'000>(
        {.name = "HISTORY_MEMORY",
         .group = history,
         .value = "MEGABYTES",
         .meaning = "memory for these readings; beyond it the oldest are dropped",
         .details = "It is the limit for all devices together."},
        {1, 65'536}),

    word<MEMBER(log_level)>(
        {.name = "LOG_LEVEL", .group = logging, .meaning = "least level of the lines that are logged"}),
    word<MEMBER(log_format)>(
        {.name = "LOG_FORMAT", .group = logging, .meaning = "text for people, json for log collectors"}),
};

#undef MEMBER

}  // namespace

std::string_view title_of(SettingGroup group) {
  switch (group) {
    case polling:
      return "Polling";
    case redis:
      return "Redis";
    case database:
      return "Database";
    case http:
      return "HTTP";
    case access:
      return "Access";
    case limits:
      return "Limits";
    case history:
      return "Events and history";
    case logging:
      break;
  }
  return "Logging";
}

std::span<const Setting> all_settings() { return table; }

const Setting* find_setting(std::string_view name) {
  const auto* found = std::ranges::find(table, name, &Setting::name);
  return found == table.end() ? nullptr : found;
}

std::string default_of(const Setting& setting) {
  return setting.shown_default.empty() ? setting.show(Settings{}) : std::string{setting.shown_default};
}

std::string key_of(std::string_view name) {
  std::string key{name};
  std::ranges::transform(key, key.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return key;
}

std::string option_of(std::string_view name) {
  std::string option = key_of(name);
  std::ranges::replace(option, '_', '-');
  return "--" + option;
}

}  // namespace gensetd::daemon
