#include "app/logging.hpp"

#include "log/log.hpp"
#include "reading/reading.hpp"
#include "supervision/exceptions.hpp"

#include <spdlog/async.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <pthread.h>
#include <string>
#include <string_view>
#include <thread>
#include <unistd.h>
#include <utility>

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

// Termination. The lines that wait are written by their own thread; the last one is written here.
spdlog::sink_ptr last_sink;
constexpr unsigned termination_seconds_max = 3;
constexpr std::chrono::milliseconds drain_max{1'000};
constexpr std::chrono::milliseconds drain_step{5};

void write_last_line() {
  const auto until = std::chrono::steady_clock::now() + drain_max;
  while (spdlog::thread_pool()->queue_size() > 0 && std::chrono::steady_clock::now() < until)
    std::this_thread::sleep_for(drain_step);
  const auto exception = std::current_exception();
  const std::string error = exception ? supervision::describe(exception) : "no exception";
  std::array<char, 16> thread{};
  ::pthread_getname_np(::pthread_self(), thread.data(), thread.size());
  static const auto before = spdlog::default_logger();  // other threads may still use it
  spdlog::set_default_logger(std::make_shared<spdlog::logger>("gensetd", last_sink));
  log::error("terminated")
      .field("error", error)
      .field("thread", thread.data())
      .say("gensetd ends: an error in thread '{}' that it cannot recover from ({})", thread.data(), error);
  last_sink->flush();
}

[[noreturn]] void terminate() {
  static thread_local bool is_here = false;
  static std::atomic_flag is_ending;
  if (std::exchange(is_here, true)) std::abort();  // the last line failed too
  if (is_ending.test_and_set()) {
    for (;;) ::pause();  // another thread is writing it
  }
  // Standard error may be a full pipe: then the alarm ends the process.
  ::signal(SIGALRM, SIG_DFL);
  ::alarm(termination_seconds_max);
  try {
    write_last_line();
  } catch (...) {
    static constexpr std::string_view text = "gensetd ends: no memory\n";
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, text.data(), text.size());
  }
  std::abort();
}

}  // namespace

std::unique_ptr<spdlog::formatter> make_log_formatter(LogFormat format) {
  return std::make_unique<Formatter>(format);
}

Logging::Logging(LogLevel level, LogFormat format) {
  spdlog::init_thread_pool(queue_lines_max, 1);
  sink_ = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  logger_ = std::make_shared<spdlog::async_logger>("gensetd", sink_, spdlog::thread_pool(),
                                                   spdlog::async_overflow_policy::overrun_oldest);
  logger_->set_formatter(make_log_formatter(format));
  logger_->set_level(level_of(level));
  logger_->flush_on(spdlog::level::info);
  spdlog::set_default_logger(logger_);
}

Logging::~Logging() {
  std::set_terminate(std::abort);
  last_sink.reset();
  spdlog::shutdown();
}

void Logging::log_termination() {
  last_sink = sink_;
  std::set_terminate(terminate);
}

std::uint64_t Logging::lines_dropped() {
  return spdlog::thread_pool() ? spdlog::thread_pool()->overrun_counter() : 0;
}

}  // namespace gensetd::app
