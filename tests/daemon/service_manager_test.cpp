#include "daemon/service_manager.hpp"

#include <gtest/gtest.h>

#include <string>

namespace gensetd::daemon {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;

constexpr long own_pid = 4711;

TEST(ServiceManager, without_a_socket_nothing_is_sent) {
  for (const char* socket : {static_cast<const char*>(nullptr), "", "/", "relative", "vsock:2:1234"}) {
    EXPECT_EQ(service_environment(socket, nullptr, nullptr, own_pid).socket, "");
  }
  EXPECT_EQ(service_environment(("/" + std::string(107, 'x')).c_str(), nullptr, nullptr, own_pid).socket, "");
}

TEST(ServiceManager, socket_is_a_path_or_an_abstract_name) {
  EXPECT_EQ(service_environment("/run/notify", nullptr, nullptr, own_pid).socket, "/run/notify");
  EXPECT_EQ(service_environment("@notify", nullptr, nullptr, own_pid).socket, "\0notify"s);
}

TEST(ServiceManager, watchdog_applies_only_to_its_process) {
  EXPECT_EQ(service_environment("/n", "30000000", "4711", own_pid).watchdog, 30s);
  EXPECT_EQ(service_environment("/n", "30000000", nullptr, own_pid).watchdog, 30s);
  EXPECT_EQ(service_environment("/n", "30000000", "4712", own_pid).watchdog, std::nullopt);
  EXPECT_EQ(service_environment("/n", "30000000", "x", own_pid).watchdog, std::nullopt);
}

TEST(ServiceManager, invalid_watchdog_is_ignored) {
  for (const char* watchdog :
       {static_cast<const char*>(nullptr), "", "0", "-1", "1s", "99999999999999999999"}) {
    EXPECT_EQ(service_environment("/n", watchdog, nullptr, own_pid).watchdog, std::nullopt);
  }
}

}  // namespace
}  // namespace gensetd::daemon
