#pragma once

#include "events/query.hpp"
#include "history/history.hpp"
#include "poller/schedule.hpp"
#include "server/server_limits.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

namespace gensetd::daemon {

enum class LogLevel : std::uint8_t { debug, info, warning, error };
enum class LogFormat : std::uint8_t { text, json };

// One less than the number of cores, at least one: the other core is for the main thread (HTTP, Redis,
// WebSocket).
std::size_t default_poll_threads();

// The settings of `gensetd serve` with their defaults; settings_table.hpp describes each.
struct Settings {
  poller::PollSettings polling;
  std::size_t poll_threads = default_poll_threads();
  std::string redis_url;  // empty: no Redis
  std::string redis_prefix;
  std::chrono::seconds metrics_ttl{30};
  std::string database_url;                // empty: complete_database_url() (default_database.hpp)
  std::string http_address = "127.0.0.1";  // IPv4 or IPv6 literal
  std::uint16_t http_port = 8010;          // 0: any free one
  std::string api_token;                   // empty: every client may do everything
  std::string read_token;                  // empty: no read token
  bool allow_anonymous = false;
  std::vector<std::string> allowed_origins;
  std::filesystem::path tls_cert;  // PEM; empty: no TLS
  std::filesystem::path tls_key;
  server::ServerLimits http_limits;
  std::chrono::milliseconds events_offline_delay{30'000};
  events::Retention events_keep;
  history::HistoryOptions history;
  bool allow_loopback_devices = false;
  LogLevel log_level = LogLevel::info;
  LogFormat log_format = LogFormat::text;
  std::filesystem::path profiles;  // a directory, or empty
  std::filesystem::path web_dir;   // a directory, or empty: the built-in dashboard
};

// The text of a setting's value and its source.
struct SettingInput {
  std::string text;
  std::string origin;  // "environment", "option --poll-interval", "gensetd.toml:3"
};
using SettingInputs = std::map<std::string, SettingInput, std::less<>>;  // by name of the setting

// An invalid setting. what() is one line: the setting, the value (never a secret), and what is allowed.
struct SettingsError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// The defaults, overridden by `given`. Throws SettingsError. Unknown names are ignored.
Settings parse_settings(const SettingInputs& given);

// Adds the keys of a TOML settings file to `given`, which they override. Throws SettingsError with file and
// line.
void read_settings_file(const std::filesystem::path& file, SettingInputs& given);

// Adds the settings of the environment to `given`, which they override. An empty variable is not set.
void read_environment(SettingInputs& given);

}  // namespace gensetd::daemon
