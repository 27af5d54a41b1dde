#pragma once

#include "events/query.hpp"
#include "history/history.hpp"
#include "http/limits.hpp"
#include "poller/schedule.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

namespace gensetd::app {

enum class LogLevel : std::uint8_t { debug, info, warning, error };
enum class LogFormat : std::uint8_t { text, json };

// One less than the cores that this process may use, at least one: HTTP, Redis and the fan-out have the
// other.
std::size_t default_poll_threads();

// The settings of `gensetd serve` with their defaults; settings_table.hpp describes each.
struct Settings {
  poller::Pace pace;
  std::size_t poll_threads = default_poll_threads();
  std::string redis_url;  // empty: no Redis
  std::string redis_prefix;
  std::chrono::seconds metrics_ttl{30};
  std::string database_url;                // empty: complete_database_url() (default_database.hpp)
  std::string http_address = "127.0.0.1";  // IPv4 or IPv6 literal
  std::uint16_t http_port = 8010;          // 0: any free one
  std::string api_token;                   // empty: everybody may do everything
  std::string read_token;                  // empty: there is none
  bool allow_anonymous = false;
  std::vector<std::string> allowed_origins;
  std::filesystem::path tls_cert;  // PEM; empty: no TLS
  std::filesystem::path tls_key;
  http::Limits http_limits;
  std::chrono::milliseconds events_offline_delay{30'000};
  events::Keep events_keep;
  history::Options history;
  bool allow_loopback_devices = false;
  LogLevel log_level = LogLevel::info;
  LogFormat log_format = LogFormat::text;
  std::filesystem::path profiles;  // a directory, or empty
  std::filesystem::path web_dir;   // a directory, or empty: the built-in dashboard
};

// The text of a value and where it was given.
struct GivenValue {
  std::string text;
  std::string origin;  // "environment", "option --poll-interval", "gensetd.toml:3"
};
using GivenValues = std::map<std::string, GivenValue, std::less<>>;  // by name of setting

// A setting that cannot be used. what() is one line: which setting, the value (never a secret), what is
// allowed.
struct SettingsError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// The settings that `given` makes of the defaults. Throws SettingsError.
Settings settings_from(const GivenValues& given);

// Reads the keys of a TOML settings file over `given`. Throws SettingsError, naming file and line.
void read_settings_file(const std::filesystem::path& file, GivenValues& given);

// The settings of the environment over `given`. An empty variable is one that is not set.
void read_environment(GivenValues& given);

}  // namespace gensetd::app
