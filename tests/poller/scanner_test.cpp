#include "poller/scanner.hpp"

#include "profile/catalog.hpp"
#include "simulator/simulator.hpp"

#include <boost/asio/co_spawn.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <exception>
#include <string>
#include <vector>

namespace gensetd::poller {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

// Two gensets behind one port, and scans of them.
class ScannerTest : public testing::Test {
 protected:
  ScannerTest() {
    auto options = simulator::many_gensets(built_in, 2, 0, true, 1);
    options.trace = [this](const std::string& line) { trace.push_back(line); };
    plant = std::make_unique<simulator::Simulator>(context, std::move(options));
    plan = {.host = "127.0.0.1",
            .port = plant->ports().front(),
            .units = {1, 2},
            .protocols = {modbus::Protocol::tcp},
            .profiles = {built_in.find("hgm9520n")}};
  }

  // A map of gensets with lines of format 2 at its end.
  profile::ProfilePtr map(const std::string& name, const std::string& lines) const {
    return built_in.parse("name = \"" + name + "\"\nextends = \"hgm9520n\"\nformat = 2\n" + lines, name);
  }

  ScanResult scan() {
    plant->start();
    Scanner scanner(context, links, plan);
    std::exception_ptr failed;
    boost::asio::co_spawn(context, scanner.run(), [&](const std::exception_ptr& exception) {
      failed = exception;
      context.stop();
    });
    context.run_for(30s);
    if (failed) std::rethrow_exception(failed);
    return std::move(scanner.result());
  }

  std::ptrdiff_t requests_with(const std::string& text) const {
    return std::ranges::count_if(
        trace, [&](const std::string& line) { return line.find(text) != std::string::npos; });
  }

  profile::Catalog built_in = profile::Catalog::built_in();
  boost::asio::io_context context{1};
  std::vector<std::string> trace;
  std::unique_ptr<simulator::Simulator> plant;
  link::Pool links{context};
  ScanPlan plan;
};

std::vector<std::string> names_of(const ScannedUnit& unit) {
  std::vector<std::string> names;
  for (const ProfileMatch& match : unit.matches) names.push_back(match.profile);
  return names;
}

TEST_F(ScannerTest, identity_decides) {
  plan.units = {1};
  plan.profiles = {built_in.find("hgm9520n"),
                   map("other", "identity = [{ address = 768, type = \"u16\", equals = [2] }]\n"),
                   map("right",
                       "identity = [{ address = 768, type = \"u16\", equals = [1] }]\n"
                       "firmware = { address = 769, type = \"u16\" }\n")};
  plant->set_register(0, 0, 768, 1);
  plant->set_register(0, 0, 769, 412);
  const ScanResult result = scan();
  ASSERT_EQ(result.units.size(), 1U);
  const std::vector<ProfileMatch>& matches = result.units[0].matches;
  EXPECT_EQ(names_of(result.units[0]), (std::vector<std::string>{"right", "hgm9520n", "other"}));
  EXPECT_EQ(matches[0].confidence, MatchConfidence::likely);
  EXPECT_EQ(matches[0].why.find("register 768 is 1; all 9 blocks answer"), 0U) << matches[0].why;
  EXPECT_TRUE(matches[0].why.ends_with("; firmware 412")) << matches[0].why;
  EXPECT_EQ(matches[0].firmware, "412");
  EXPECT_EQ(matches[2].confidence, MatchConfidence::unlikely);
  EXPECT_EQ(matches[2].why, "register 768 is 1, not 2");
  EXPECT_EQ(requests_with("768"), 1) << "both maps have one register";
}

// Only maps that may fit are read completely.
TEST_F(ScannerTest, unit_of_another_model_is_not_read_further) {
  plan.units = {1};
  plan.profiles = {map("other", "identity = [{ address = 768, type = \"u16\", equals = [2] }]\n")};
  plant->set_register(0, 0, 768, 1);
  const ScanResult result = scan();
  EXPECT_EQ(requests_with(" reads "), 2) << "the status register and 768";
  EXPECT_EQ(result.units.at(0).matches.at(0).why, "register 768 is 1, not 2");
}

TEST_F(ScannerTest, units_without_a_deadline_are_all_found) {
  const ScanResult result = scan();
  EXPECT_EQ(result.units.size(), 2U);
  EXPECT_FALSE(result.stopped);
  EXPECT_TRUE(result.error.empty());
}

TEST_F(ScannerTest, at_the_deadline_it_ends_with_what_was_found) {
  plan.units = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
  plan.timeout = 10s;
  plan.deadline = steady_clock::now() + 500ms;
  plant->set_faults(0, {.delay = 60ms});
  const auto began = steady_clock::now();
  const ScanResult result = scan();
  EXPECT_TRUE(result.stopped);
  EXPECT_LT(steady_clock::now() - began, 3s);
  ASSERT_FALSE(result.units.empty());
  EXPECT_EQ(result.units[0].unit_id, 1);
  EXPECT_TRUE(result.units[0].error.empty());
}

TEST_F(ScannerTest, deadline_ends_the_wait_for_a_silent_unit) {
  plan.timeout = 20s;
  plan.deadline = steady_clock::now() + 300ms;
  plant->set_faults(0, {.silence = 1});
  const auto began = steady_clock::now();
  const ScanResult result = scan();
  EXPECT_TRUE(result.stopped);
  EXPECT_TRUE(result.units.empty());
  EXPECT_LT(steady_clock::now() - began, 5s);
}

// A map whose comparison the deadline cut short is not called wrong.
TEST_F(ScannerTest, map_that_was_not_read_to_its_end_is_left_out) {
  plan.units = {1};
  plan.timeout = 10s;
  plan.profiles = {map("right", "identity = [{ address = 768, type = \"u16\", equals = [1] }]\n")};
  plan.deadline = steady_clock::now() + 600ms;
  plant->set_register(0, 0, 768, 1);
  plant->set_faults(0, {.delay = 400ms});
  const ScanResult result = scan();
  EXPECT_TRUE(result.stopped);
  ASSERT_EQ(result.units.size(), 1U);
  EXPECT_TRUE(result.units[0].matches.empty());
}

}  // namespace
}  // namespace gensetd::poller
