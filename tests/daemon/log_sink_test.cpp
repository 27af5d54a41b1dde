#include "daemon/log_sink.hpp"

#include "daemon/logging.hpp"
#include "log/log.hpp"

#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <array>
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <memory>
#include <string>
#include <thread>
#include <unistd.h>
#include <utility>

namespace gensetd::daemon {
namespace {

// A logger that writes to a pipe, at once and on this thread.
class LogSinkTest : public testing::Test {
 protected:
  LogSinkTest() {
    std::signal(SIGPIPE, SIG_IGN);
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe(ends.data()), 0);
    reading_end = ends[0];
    writing_end = ends[1];
    const auto sink = std::make_shared<LogSink>(writing_end);
    sink->set_formatter(make_log_formatter(LogFormat::json));
    spdlog::set_default_logger(std::make_shared<spdlog::logger>("test", sink));
  }
  ~LogSinkTest() override {
    spdlog::set_default_logger(before_);
    if (reading_end >= 0) ::close(reading_end);
    if (writing_end >= 0) ::close(writing_end);
  }

  // From now on the descriptor is that of a pipe whose reading end this returns.
  int take_other_pipe() const {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe(ends.data()), 0);
    EXPECT_EQ(::dup2(ends[1], writing_end), writing_end);
    ::close(ends[1]);
    return ends[0];
  }

  static std::string read_from(int descriptor) {
    std::string text(100'000, '\0');
    ::fcntl(descriptor, F_SETFL, O_NONBLOCK);
    std::size_t length = 0;
    while (true) {
      const ssize_t read = ::read(descriptor, text.data() + length, text.size() - length);
      if (read <= 0) break;
      length += static_cast<std::size_t>(read);
    }
    text.resize(length);
    return text;
  }

  int reading_end = -1;
  int writing_end = -1;

 private:
  std::shared_ptr<spdlog::logger> before_ = spdlog::default_logger();
};

void say(const std::string& text) { log::info("test").say("{}", text); }

TEST_F(LogSinkTest, lost_lines_are_counted_and_reported_before_the_next_line) {
  ::close(reading_end);
  const auto before = LogSink::lines_lost();
  for (int line = 0; line < 1'000; ++line) say("unread");
  EXPECT_EQ(LogSink::lines_lost() - before, 1'000U);
  reading_end = take_other_pipe();
  say("here");
  say("again");
  const std::string text = read_from(reading_end);
  EXPECT_NE(text.find(R"("message":"here")"), std::string::npos) << text;
  EXPECT_NE(text.find(R"("event":"log_lines_lost","lines":1000,"error":"Broken pipe")"), std::string::npos);
  EXPECT_EQ(text.find("log_lines_lost"), text.rfind("log_lines_lost")) << "once";
  EXPECT_EQ(text.find("unread"), std::string::npos);
}

TEST_F(LogSinkTest, closed_descriptor_and_full_disk_lose_only_the_line) {
  const auto before = LogSink::lines_lost();
  const int full = ::open("/dev/full", O_WRONLY);
  ASSERT_GE(full, 0);
  ::dup2(full, writing_end);
  ::close(full);
  say("no room");
  ::close(writing_end);
  say("closed");
  EXPECT_EQ(LogSink::lines_lost() - before, 2U);
  writing_end = -1;
}

TEST_F(LogSinkTest, non_blocking_pipe_splits_no_line) {
  ::fcntl(writing_end, F_SETFL, O_NONBLOCK);
  const std::string body(200'000, 'x');  // more than a pipe holds
  std::string text;
  std::thread reader([&] {
    std::array<char, 4'096> piece{};
    while (text.empty() || text.back() != '\n') {
      const ssize_t length = ::read(reading_end, piece.data(), piece.size());
      if (length <= 0) return;
      text.append(piece.data(), static_cast<std::size_t>(length));
    }
  });
  std::this_thread::sleep_for(std::chrono::milliseconds{50});
  say(body);
  reader.join();
  EXPECT_NE(text.find(body), std::string::npos);
}

TEST_F(LogSinkTest, line_after_an_incomplete_one_starts_on_a_new_line) {
  const std::string body(200'000, 'x');
  std::thread reader([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds{50});
    ::close(std::exchange(reading_end, -1));  // in the middle of the line
  });
  say(body);
  reader.join();
  reading_end = take_other_pipe();
  say("whole");
  EXPECT_EQ(read_from(reading_end).substr(0, 10), "\n{\"time\":\"");
}

}  // namespace
}  // namespace gensetd::daemon
