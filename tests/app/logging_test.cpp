#include "app/logging.hpp"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>
#include <spdlog/details/log_msg.h>

#include <chrono>
#include <string>

namespace gensetd::app {
namespace {

std::string formatted(LogFormat format, const std::string& text) {
  const spdlog::details::log_msg message(
      std::chrono::system_clock::time_point{std::chrono::milliseconds{1'500}}, {}, "", spdlog::level::warn,
      text);
  spdlog::memory_buf_t buffer;
  make_log_formatter(format)->format(message, buffer);
  return {buffer.data(), buffer.size()};
}

TEST(Logging, text_is_one_line_whatever_the_message_holds) {
  EXPECT_EQ(formatted(LogFormat::text, "device 1 Ген\nfake \x1b[31m"),
            "1970-01-01T00:00:01.500Z warning device 1 Ген\\x0afake \\x1b[31m\n");
}

TEST(Logging, json_is_one_object_a_line) {
  const std::string line = formatted(LogFormat::json, "name \"x\"\n");
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  const auto object = boost::json::parse(line).as_object();
  EXPECT_EQ(object.at("time"), "1970-01-01T00:00:01.500Z");
  EXPECT_EQ(object.at("level"), "warning");
  EXPECT_EQ(object.at("message"), "name \"x\"\n");
}

}  // namespace
}  // namespace gensetd::app
