#include "daemon/settings_table.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>
#include <vector>

namespace gensetd::daemon {
namespace {

using namespace std::chrono_literals;

Settings with(const std::string& name, const std::string& value) {
  return parse_settings({{name, {value, "the environment"}}});
}

std::string refusal(const SettingInputs& given) {
  try {
    parse_settings(given);
  } catch (const SettingsError& error) {
    return error.what();
  }
  return "accepted";
}

std::string refusal(const std::string& name, const std::string& value) {
  return refusal({{name, {value, "the environment"}}});
}

class SettingsFile : public testing::Test {
 protected:
  SettingsFile() {
    std::string pattern = (std::filesystem::temp_directory_path() / "gensetd-settings-XXXXXX").string();
    folder = ::mkdtemp(pattern.data());
    file = folder / "gensetd.toml";
  }
  ~SettingsFile() override { std::filesystem::remove_all(folder); }

  void write(const std::string& text) const { std::ofstream(file) << text; }

  std::string file_refusal() const {
    try {
      SettingInputs given;
      read_settings_file(file, given);
    } catch (const SettingsError& error) {
      return error.what();
    }
    return "accepted";
  }

  std::filesystem::path folder;
  std::filesystem::path file;
};

TEST(Settings, defaults_are_those_of_the_contract) {
  const Settings settings = parse_settings({});
  EXPECT_EQ(settings.polling, (poller::PollSettings{2'000ms, 2'000ms, 5'000ms, 1}));
  EXPECT_GE(settings.poll_threads, 1U);
  EXPECT_EQ(settings.metrics_ttl, 30s);
  EXPECT_EQ(settings.redis_url, "");
  EXPECT_EQ(settings.http_address, "127.0.0.1");
  EXPECT_EQ(settings.http_port, 8010);
  EXPECT_EQ(settings.api_token, "");
  EXPECT_EQ(settings.log_level, LogLevel::info);
}

TEST(Settings, each_is_accepted) {
  EXPECT_EQ(with("POLL_INTERVAL", "0.25").polling.poll_interval, 250ms);
  EXPECT_EQ(with("POLL_INTERVAL", "5").polling.poll_interval, 5s);
  EXPECT_EQ(with("MODBUS_TIMEOUT", "1.5").polling.modbus_timeout, 1'500ms);
  EXPECT_EQ(with("MODBUS_RETRY_DELAY", "60").polling.retry_delay, 60s);
  EXPECT_EQ(with("OFFLINE_AFTER", "3").polling.offline_after, 3);
  EXPECT_EQ(with("POLL_THREADS", "4").poll_threads, 4U);
  EXPECT_EQ(with("METRICS_TTL", "0").metrics_ttl, 0s);
  EXPECT_EQ(with("REDIS_PREFIX", "site-1:").redis_prefix, "site-1:");
  EXPECT_EQ(with("REDIS_URL", "redis://h:1/2").redis_url, "redis://h:1/2");
  EXPECT_EQ(with("HTTP_LISTEN", "[::1]:0").http_address, "::1");
  EXPECT_EQ(with("LOG_LEVEL", "debug").log_level, LogLevel::debug);
  EXPECT_EQ(with("LOG_FORMAT", "json").log_format, LogFormat::json);
  EXPECT_EQ(with("PROFILES", "/etc/p").profiles, "/etc/p");
  EXPECT_EQ(with("ALLOWED_ORIGINS", "https://a.example, http://10.0.0.5:3000").allowed_origins,
            (std::vector<std::string>{"https://a.example", "http://10.0.0.5:3000"}));
}

TEST(Settings, bad_value_names_setting_value_and_what_is_allowed) {
  EXPECT_EQ(
      refusal("POLL_INTERVAL", "often"),
      "POLL_INTERVAL: 'often' (from the environment) is not allowed; give a number of seconds from 0.1 to "
      "86400");
  for (const char* bad : {"", "0", "-1", "nan", "inf", "1e9", "2s", " 2", "0x2"})
    EXPECT_NE(refusal("POLL_INTERVAL", bad), "accepted") << bad;
  for (const char* bad : {"0", "1.5", "1001", "-1", ""})
    EXPECT_NE(refusal("OFFLINE_AFTER", bad), "accepted") << bad;
  for (const char* bad : {"0", "65", "1.5", "-1", "all", ""})
    EXPECT_NE(refusal("POLL_THREADS", bad), "accepted") << bad;
  for (const char* bad : {"8010", ":8010", "localhost:8010", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536",
                          "::1:80", "[127.0.0.1]:80", "[::1]", "1.2.3:80"})
    EXPECT_NE(refusal("HTTP_LISTEN", bad), "accepted") << bad;
  for (const char* bad :
       {"a.example", "https://", "https://a.example/", "*", "ftp://a", "https://a,,http://b"})
    EXPECT_NE(refusal("ALLOWED_ORIGINS", bad), "accepted") << bad;
  EXPECT_NE(refusal("LOG_LEVEL", "loud").find("debug or info or warning or error"), std::string::npos);
}

TEST(Settings, non_loopback_address_needs_a_token_or_allow_anonymous) {
  EXPECT_NE(refusal("HTTP_LISTEN", "0.0.0.0:8010").find("API_TOKEN"), std::string::npos);
  EXPECT_EQ(refusal({{"HTTP_LISTEN", {"0.0.0.0:8010", "x"}}, {"API_TOKEN", {"secret", "x"}}}), "accepted");
  EXPECT_EQ(refusal({{"HTTP_LISTEN", {"[::]:8010", "x"}}, {"ALLOW_ANONYMOUS", {"1", "x"}}}), "accepted");
  EXPECT_NE(refusal({{"HTTP_LISTEN", {"[::]:8010", "x"}}, {"ALLOW_ANONYMOUS", {"0", "x"}}}), "accepted");
}

TEST(Settings, limits_have_ranges) {
  const struct {
    const char* name;
    const char* good;
    std::vector<const char*> bad;
  } rows[] = {
      {"HTTP_REQUEST_TIMEOUT", "0.1", {"0", "301", "soon"}},
      {"HTTP_HEADER_MAX", "1024", {"1023", "1048577", "16k"}},
      {"HTTP_BODY_MAX", "1048576", {"1023", "1048577", "-1"}},
      {"HTTP_REQUESTS_PER_CONNECTION", "1", {"0", "1000001"}},
      {"HTTP_CONNECTIONS_MAX", "100000", {"1", "100001"}},
      {"HTTP_CONNECTIONS_PER_ADDRESS", "1", {"0", "100001"}},
      {"WEBSOCKET_CLIENTS_MAX", "1", {"0", "100000"}},
      {"WEBSOCKET_MESSAGE_MAX", "16", {"15", "1048577"}},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(refusal({{row.name, {row.good, "x"}}}), "accepted") << row.name;
    for (const char* bad : row.bad)
      EXPECT_NE(refusal(row.name, bad).find(row.name), std::string::npos) << row.name << " " << bad;
  }
  EXPECT_EQ(refusal("HTTP_CONNECTIONS_MAX", "100"),
            "WEBSOCKET_CLIENTS_MAX: 512 WebSockets would leave no room for REST; give less than "
            "HTTP_CONNECTIONS_MAX, which is 100");
  EXPECT_EQ(with("HTTP_BODY_MAX", "2000").http_limits.body_bytes, 2'000U);
  EXPECT_EQ(with("WEBSOCKET_MESSAGE_MAX", "100").http_limits.websocket_message_bytes, 100U);
}

TEST(Settings, certificate_and_key_are_required_together) {
  EXPECT_NE(refusal("TLS_CERT", "/c.pem").find("TLS_KEY is not set"), std::string::npos);
  EXPECT_NE(refusal("TLS_KEY", "/k.pem").find("TLS_CERT is not set"), std::string::npos);
  EXPECT_EQ(refusal({{"TLS_CERT", {"/c.pem", "x"}}, {"TLS_KEY", {"/k.pem", "x"}}}), "accepted");
}

TEST(Settings, read_token_needs_a_different_api_token) {
  EXPECT_EQ(refusal({{"API_TOKEN", {"all", "x"}}, {"READ_TOKEN", {"see", "x"}}}), "accepted");
  EXPECT_NE(refusal("READ_TOKEN", "see").find("set API_TOKEN too"), std::string::npos);
  EXPECT_NE(
      refusal({{"API_TOKEN", {"all", "x"}}, {"READ_TOKEN", {"all", "x"}}}).find("the same as API_TOKEN"),
      std::string::npos);
}

TEST(Settings, invalid_token_is_refused_and_not_shown) {
  for (const char* bad : {"two words", "line\n", "\xd0\xba\xd0\xbb\xd1\x8e\xd1\x87", "tab\t"}) {
    EXPECT_EQ(refusal("API_TOKEN", bad),
              "API_TOKEN: the value (from the environment) is not allowed; give letters, digits and "
              "punctuation of ASCII, without spaces");
  }
}

TEST(Settings, redis_prefix_is_a_short_printable_word) {
  EXPECT_EQ(with("REDIS_PREFIX", std::string(64, '!')).redis_prefix.size(), 64U);
  for (const std::string& bad :
       {std::string{"two words"}, std::string{"line\n"}, std::string{"\xd0\xba"}, std::string(65, 'x')})
    EXPECT_NE(refusal("REDIS_PREFIX", bad).find("at most 64 letters, digits and punctuation of ASCII"),
              std::string::npos)
        << bad;
}

TEST(Settings, names_of_options_and_keys_follow_from_the_setting) {
  EXPECT_EQ(option_of("POLL_INTERVAL"), "--poll-interval");
  EXPECT_EQ(key_of("POLL_INTERVAL"), "poll_interval");
}

TEST(Settings, environment_is_read_and_an_empty_variable_is_ignored) {
  ::setenv("OFFLINE_AFTER", "4", 1);
  ::setenv("LOG_FORMAT", "", 1);
  SettingInputs given{{"OFFLINE_AFTER", {"2", "gensetd.toml:1"}}, {"LOG_FORMAT", {"json", "gensetd.toml:2"}}};
  read_environment(given);
  ::unsetenv("OFFLINE_AFTER");
  ::unsetenv("LOG_FORMAT");
  const Settings settings = parse_settings(given);
  EXPECT_EQ(settings.polling.offline_after, 4);
  EXPECT_EQ(settings.log_format, LogFormat::json);
}

TEST_F(SettingsFile, values_of_every_type_are_accepted) {
  write(
      "poll_interval = 0.5\noffline_after = 2\nallow_anonymous = true\nhttp_listen = \"0.0.0.0:80\"\n"
      "allowed_origins = [\"https://a.example\", \"https://b.example\"]\n");
  SettingInputs given;
  read_settings_file(file, given);
  const Settings settings = parse_settings(given);
  EXPECT_EQ(settings.polling.poll_interval, 500ms);
  EXPECT_EQ(settings.polling.offline_after, 2);
  EXPECT_EQ(settings.http_port, 80);
  EXPECT_EQ(settings.allowed_origins.size(), 2U);
}

TEST_F(SettingsFile, errors_contain_file_and_line) {
  write("poll_interval = 2\npol_interval = 3\n");
  EXPECT_EQ(
      file_refusal().find(file.string() + ":2: unknown setting 'pol_interval'; allowed are poll_interval"),
      0U)
      << file_refusal();
  write("\n\npoll_interval = = 2\n");
  EXPECT_EQ(file_refusal().find(file.string() + ":3: "), 0U) << file_refusal();
  write("poll_interval = 1979-05-27\n");
  EXPECT_EQ(file_refusal().find(file.string() + ":1: poll_interval has a value of the wrong type"), 0U)
      << file_refusal();
  std::filesystem::remove(file);
  EXPECT_EQ(file_refusal(), file.string() + ": the settings file cannot be read: No such file or directory");
  std::filesystem::create_symlink(file, file);
  EXPECT_EQ(file_refusal(),
            file.string() + ": the settings file cannot be read: Too many levels of symbolic links");
}

TEST_F(SettingsFile, parser_errors_are_refused_too) {
  for (const char* text :
       {"[::1]:8010", "poll_interval = 2 \u0431", "\u0431 = 1", "x = { \u0431 = 1 }", "[\u0431]"}) {
    write(text);
    EXPECT_EQ(file_refusal().find(file.string() + ":1: "), 0U) << text << ": " << file_refusal();
  }
}

TEST_F(SettingsFile, text_quoted_by_the_parser_is_on_one_line) {
  write("allow_anonymous = tr\nread_token = \"a\"\n");
  EXPECT_EQ(file_refusal().find(file.string() + ":1: "), 0U) << file_refusal();
  EXPECT_EQ(file_refusal().find('\n'), std::string::npos) << file_refusal();
}

TEST_F(SettingsFile, token_without_quotation_marks_is_not_repeated) {
  for (const char* token : {"47114711471147114711", "4711471147114711e4711"}) {
    write(std::string{"api_token = "} + token + "\n");
    EXPECT_EQ(file_refusal().find(file.string() + ":1: "), 0U) << file_refusal();
    EXPECT_EQ(file_refusal().find("4711471147"), std::string::npos) << file_refusal();
  }
}

TEST_F(SettingsFile, invalid_value_in_the_file_is_reported_with_its_line) {
  write("\noffline_after = 0\n");
  SettingInputs given;
  read_settings_file(file, given);
  EXPECT_NE(refusal(given).find(file.string() + ":2"), std::string::npos) << refusal(given);
}

}  // namespace
}  // namespace gensetd::daemon
