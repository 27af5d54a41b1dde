#include "continuous_device.hpp"
#include "controller_server.hpp"
#include "counts/counted_calls.hpp"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace gensetd {
namespace {

// Device and controller take turns on one thread, so that the counts are the same every time.
class Exchange : public testing::Test {
 protected:
  static constexpr int devices_max = 20;

  Exchange() : controllers(0) {
    for (int index = 1; index <= devices_max; ++index) {
      const std::string host = "127.1.0." + std::to_string(index);
      devices.push_back(
          std::make_unique<bench::ContinuousDevice>(links, host, controllers.port(), reads, requests));
    }
  }

  // Runs until each device has received that many responses; returns the calls of the devices' side.
  CountedCalls run(std::uint64_t responses) {
    CountedCalls made;
    const std::uint64_t until = requests + responses * devices.size();
    while (requests < until) {
      const CountedCalls before = counted_calls();
      context.poll();
      const CountedCalls after = counted_calls();
      made.sends += after.sends - before.sends;
      made.receives += after.receives - before.receives;
      made.waits += after.waits - before.waits;
      made.events += after.events - before.events;
      made.settings += after.settings - before.settings;
      made.others += after.others - before.others;
      // All devices have sent a request; the controllers respond to each before the devices go on.
      const std::uint64_t expected = controllers.requests() + devices.size();
      std::uint64_t before_last = expected;
      while (controllers.requests() < expected && controllers.requests() != before_last) {
        before_last = controllers.requests();
        controllers.run_ready(20);
      }
    }
    return made;
  }

  bench::ControllerServer controllers;
  boost::asio::io_context context{1};
  link::Pool links{context, {.loopback = true, .special = false}};
  const profile::ReadLayoutPtr reads =
      profile::read_layout_of(profile::Catalog::built_in().find("hgm9520n"), modbus::Protocol::tcp);
  std::uint64_t requests = 0;
  std::vector<std::unique_ptr<bench::ContinuousDevice>> devices;
};

TEST_F(Exchange, request_costs_one_send_and_one_receive) {
  run(20);
  const std::uint64_t first = requests;
  const CountedCalls made = run(500);
  const auto count = static_cast<double>(requests - first);
  const auto each = [&](std::uint64_t CountedCalls::* which) {
    return static_cast<double>(made.*which) / count;
  };
  EXPECT_NEAR(each(&CountedCalls::sends), 1, 0.01);
  EXPECT_NEAR(each(&CountedCalls::receives), 1, 0.01);
  EXPECT_LE(each(&CountedCalls::settings), 2.0 / devices_max);  // once for all responses that arrive together
  EXPECT_LE(each(&CountedCalls::waits), 6.0 / devices_max);
  EXPECT_LE(each(&CountedCalls::events),
            1 + 4.0 / devices_max);  // only one epoll instance reports each response
  EXPECT_LE(each(&CountedCalls::others), 1.0 / devices_max);
}

}  // namespace
}  // namespace gensetd
