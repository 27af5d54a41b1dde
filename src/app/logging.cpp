#include "app/logging.hpp"

#include "log/log.hpp"
#include "reading/reading.hpp"

#include <spdlog/async.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <string>
#include <string_view>

namespace gensetd::app {
namespace {

constexpr std::size_t queue_lines_max = 8'192;

std::string_view word(spdlog::level::level_enum level) {
  switch (level) {
    case spdlog::level::trace:
    case spdlog::level::debug:
      return "debug";
    case spdlog::level::info:
      return "info";
    case spdlog::level::warn:
      return "warning";
    default:
      return "error";
  }
}

class Formatter final : public spdlog::formatter {
 public:
  explicit Formatter(LogFormat format) : format_(format) {}

  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& to) override {
    const auto time = reading::print_timestamp(std::chrono::floor<std::chrono::milliseconds>(message.time));
    const auto [text, fields] = log::parts_of({message.payload.data(), message.payload.size()});
    std::string line;
    if (format_ == LogFormat::json) {
      line = R"({"time":")" + time + R"(","level":")" + std::string{word(message.level)} + R"(","message":)";
      reading::append_json_string(line, text);
      if (!fields.empty()) line.append(",").append(fields);
      line += "}\n";
    } else {
      line = time + " " + std::string{word(message.level)} + std::string(8 - word(message.level).size(), ' ');
      append_on_one_line(line, text);
      line += '\n';
    }
    to.append(line.data(), line.data() + line.size());
  }

  std::unique_ptr<spdlog::formatter> clone() const override { return std::make_unique<Formatter>(format_); }

 private:
  static void append_on_one_line(std::string& line, std::string_view text) {
    static constexpr std::string_view digits = "0123456789abcdef";
    for (const char character : text) {
      const auto byte = static_cast<unsigned char>(character);
      if (byte >= 0x20 && byte != 0x7F) {
        line += character;
      } else {
        line += "\\x";
        line += digits[byte >> 4];
        line += digits[byte & 15];
      }
    }
  }

  LogFormat format_;
};

spdlog::level::level_enum level_of(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::warning:
      return spdlog::level::warn;
    case LogLevel::error:
      return spdlog::level::err;
    case LogLevel::info:
      break;
  }
  return spdlog::level::info;
}

}  // namespace

std::unique_ptr<spdlog::formatter> make_log_formatter(LogFormat format) {
  return std::make_unique<Formatter>(format);
}

Logging::Logging(LogLevel level, LogFormat format) {
  spdlog::init_thread_pool(queue_lines_max, 1);
  auto sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  logger_ = std::make_shared<spdlog::async_logger>("gensetd", std::move(sink), spdlog::thread_pool(),
                                                   spdlog::async_overflow_policy::overrun_oldest);
  logger_->set_formatter(make_log_formatter(format));
  logger_->set_level(level_of(level));
  logger_->flush_on(spdlog::level::info);
  spdlog::set_default_logger(logger_);
}

Logging::~Logging() { spdlog::shutdown(); }

std::uint64_t Logging::lines_dropped() {
  return spdlog::thread_pool() ? spdlog::thread_pool()->overrun_counter() : 0;
}

}  // namespace gensetd::app
