#include "daemon/logging.hpp"

#include "log/log.hpp"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>
#include <spdlog/details/log_msg.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <functional>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <unistd.h>

namespace gensetd::daemon {
namespace {

std::string formatted(LogFormat format, const std::string& text) {
  const spdlog::details::log_msg message(
      std::chrono::system_clock::time_point{std::chrono::milliseconds{1'500}}, {}, "", spdlog::level::warn,
      text);
  spdlog::memory_buf_t buffer;
  make_log_formatter(format)->format(message, buffer);
  return {buffer.data(), buffer.size()};
}

TEST(Logging, text_is_one_line_for_any_message) {
  EXPECT_EQ(formatted(LogFormat::text, "device 1 Ген\nfake \x1b[31m"),
            "1970-01-01T00:00:01.500Z warning device 1 Ген\\x0afake \\x1b[31m\n");
}

TEST(Logging, json_is_one_object_per_line) {
  const std::string line = formatted(LogFormat::json, "name \"x\"\n");
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  const auto object = boost::json::parse(line).as_object();
  EXPECT_EQ(object.at("time"), "1970-01-01T00:00:01.500Z");
  EXPECT_EQ(object.at("level"), "warning");
  EXPECT_EQ(object.at("message"), "name \"x\"\n");
}

// As in a thread or a noexcept function: nothing catches it.
void fail() { throw std::runtime_error("no way on"); }
void throw_out_of_noexcept() noexcept { fail(); }

void end_by_exception(LogFormat format) {
  Logging logging(LogLevel::info, format);
  logging.log_termination();
  for (int line = 1; line <= 100; ++line) log::info("before").say("line {}", line);
  throw_out_of_noexcept();
}

TEST(LoggingDeathTest, termination_writes_queued_lines_and_its_cause) {
  EXPECT_EXIT(
      end_by_exception(LogFormat::text), ::testing::KilledBySignal(SIGABRT),
      "line 1\n(.*\n)*.*line 100\n.*error   gensetd ends: an error in thread '.*' that it cannot recover "
      "from \\(no way on\\)\n");
  EXPECT_EXIT(end_by_exception(LogFormat::json), ::testing::KilledBySignal(SIGABRT),
              R"("event":"terminated","error":"no way on")");
}

// Standard error becomes a full pipe that nobody reads.
void fill_standard_error() {
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0 || ::dup2(ends[1], STDERR_FILENO) < 0) std::abort();
  ::fcntl(STDERR_FILENO, F_SETFL, O_NONBLOCK);
  const std::string rest(65'536, 'x');
  while (::write(STDERR_FILENO, rest.data(), rest.size()) > 0 || ::write(STDERR_FILENO, "x", 1) > 0) continue;
  ::fcntl(STDERR_FILENO, F_SETFL, 0);
}

// A sanitizer keeps what was freed for a while, so the process grows.
#if defined(__has_feature)
constexpr bool is_memory_returned = !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer);
#else
constexpr bool is_memory_returned = true;
#endif

std::size_t resident_bytes() {
  std::size_t size = 0;
  std::size_t resident = 0;
  std::ifstream("/proc/self/statm") >> size >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

// 0: as it should be.
[[noreturn]] void serve_and_stop_with_full_standard_error() {
  using std::chrono::steady_clock;
  fill_standard_error();
  Logging logging(LogLevel::info, LogFormat::text);
  const std::string text(100, 'x');
  const auto write_lines = [&] {
    for (int line = 0; line < 20'000; ++line) log::info("test").say("{}", text);
  };
  write_lines();
  const std::size_t before = resident_bytes();
  const auto began = steady_clock::now();
  for (int times = 0; times < 5; ++times) write_lines();
  if (steady_clock::now() - began > std::chrono::seconds{60}) std::_Exit(1);
  if (is_memory_returned && resident_bytes() > before + 4'000'000) std::_Exit(2);
  if (Logging::lines_dropped() < 100'000) std::_Exit(3);
  const auto stopped = steady_clock::now();
  if (logging.finish()) std::_Exit(4);
  if (steady_clock::now() - stopped > Logging::finish_max + std::chrono::seconds{1}) std::_Exit(5);
  std::_Exit(0);
}

TEST(LoggingDeathTest, full_standard_error_blocks_no_caller_and_delays_the_exit_by_a_bounded_time) {
  EXPECT_EXIT(serve_and_stop_with_full_standard_error(), ::testing::ExitedWithCode(0), "");
}

// As after a start that fails: the ordinary end of a program.
void end_with_full_standard_error() {
  fill_standard_error();
  {
    Logging logging(LogLevel::info, LogFormat::text);
    log::error("start_failed").say("x");
  }
  std::exit(7);
}

TEST(LoggingDeathTest, exit_does_not_wait_for_standard_error) {
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EXIT(end_with_full_standard_error(), ::testing::ExitedWithCode(7), "");
  EXPECT_LT(std::chrono::steady_clock::now() - began, Logging::finish_max + std::chrono::seconds{10});
}

void terminate_with_full_standard_error() {
  fill_standard_error();
  std::signal(SIGALRM, SIG_IGN);
  Logging logging(LogLevel::info, LogFormat::text);
  logging.log_termination();
  log::info("test").say("before");
  throw_out_of_noexcept();
}

TEST(LoggingDeathTest, termination_does_not_wait_for_standard_error) {
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EXIT(terminate_with_full_standard_error(), ::testing::KilledBySignal(SIGABRT), "");
  EXPECT_LT(std::chrono::steady_clock::now() - began, Logging::finish_max + std::chrono::seconds{10});
}

// What an Event gives to the logger, caught before it is formatted.
std::string written(const std::function<void()>& happen) {
  std::ostringstream lines;
  const auto before = spdlog::default_logger();
  const auto sink = std::make_shared<spdlog::sinks::ostream_sink_st>(lines);
  spdlog::set_default_logger(std::make_shared<spdlog::logger>("test", sink));
  sink->set_formatter(make_log_formatter(LogFormat::json));
  happen();
  spdlog::set_default_logger(before);
  return lines.str();
}

TEST(Logging, event_contains_name_and_fields) {
  const std::string line = written([] {
    log::warning("device_offline")
        .field("device_id", 7)
        .field("site", "M\"K")
        .field("error", std::string{"no\nanswer \x1e\"event\":\"forged\""})
        .say("device {} \x1e,\"forged\":1", 7);
  });
  const auto object = boost::json::parse(line).as_object();
  EXPECT_EQ(object.at("event"), "device_offline");
  EXPECT_EQ(object.at("device_id"), 7);
  EXPECT_EQ(object.at("site"), "M\"K");
  EXPECT_EQ(object.at("error"), "no\nanswer \x1e\"event\":\"forged\"");
  EXPECT_EQ(object.at("message"), "device 7 \x1e,\"forged\":1");
  EXPECT_FALSE(object.contains("forged"));
}

TEST(Logging, event_below_the_level_is_not_written) {
  EXPECT_EQ(written([] { log::debug("cycle_failed").field("device_id", 7).say("x"); }), "");
}

TEST(Logging, text_format_contains_only_the_sentence) {
  EXPECT_EQ(formatted(LogFormat::text, "online\x1e\"event\":\"device_online\""),
            "1970-01-01T00:00:01.500Z warning online\n");
}

}  // namespace
}  // namespace gensetd::daemon
