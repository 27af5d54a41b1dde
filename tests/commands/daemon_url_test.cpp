#include "commands/daemon_url.hpp"

#include <gtest/gtest.h>

namespace gensetd::commands {
namespace {

TEST(DaemonUrl, is_host_port_and_prefix) {
  EXPECT_EQ(std::get<DaemonUrl>(parse_daemon_url("http://127.0.0.1:8010")),
            (DaemonUrl{.host = "127.0.0.1", .port = 8010}));
  EXPECT_EQ(std::get<DaemonUrl>(parse_daemon_url("http://plant/")), (DaemonUrl{.host = "plant", .port = 80}));
  EXPECT_EQ(std::get<DaemonUrl>(parse_daemon_url("HTTP://[fd00::1]:8010/gensetd/")),
            (DaemonUrl{.host = "fd00::1", .port = 8010, .path = "/gensetd"}));
  EXPECT_EQ(std::get<DaemonUrl>(parse_daemon_url("https://plant:8443/x")),
            (DaemonUrl{.host = "plant", .port = 8443, .path = "/x", .tls = true}));
  EXPECT_EQ(std::get<DaemonUrl>(parse_daemon_url("https://plant")),
            (DaemonUrl{.host = "plant", .port = 443, .tls = true}));
  EXPECT_EQ(to_text({.host = "plant", .port = 443, .tls = true}), "https://plant:443");
  EXPECT_EQ(to_text({.host = "fd00::1", .port = 8010, .path = "/gensetd"}), "http://[fd00::1]:8010/gensetd");
}

TEST(DaemonUrl, error_says_what_to_give) {
  const std::pair<const char*, const char*> rows[] = {
      {"", "this is not a URL; give http://HOST:PORT"},
      {"127.0.0.1:8010", "this is not a URL; give http://HOST:PORT"},
      {"plant:8010", "this is not an http:// or https:// URL; give http://HOST:PORT"},
      {"http://", "it has no valid host; "},
      {"http://10.1:8010", "it has no valid host; "},
      {"http://h:70000", "the port is out of range; "},
      {"http://h:98010", "the port is out of range; "},
      {"http://h:0", "the port is out of range; "},
      {"http://10.0.0.1O:80/", "it has no valid host; "},
      {"https://[::1]8010/x", "it has no valid host; "},
      {"http://h?x=1", "a query or fragment is not used; "},
      {"ftp://plant", "this is not an http:// or https:// URL; "},
  };
  for (const auto& [text, why] : rows) {
    const auto parsed = parse_daemon_url(text);
    ASSERT_TRUE(std::holds_alternative<std::string>(parsed)) << text;
    EXPECT_EQ(std::get<std::string>(parsed).find(why), 0U) << text << ": " << std::get<std::string>(parsed);
  }
}

TEST(DaemonUrl, password_is_not_repeated) {
  const auto parsed = parse_daemon_url("http://user:hidden-secret@h:1");
  EXPECT_EQ(std::get<std::string>(parsed).find("hidden-secret"), std::string::npos);
}

}  // namespace
}  // namespace gensetd::commands
