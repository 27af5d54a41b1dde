#include "daemon/logging.hpp"

#include "log/log.hpp"
#include "reading/reading.hpp"
#include "supervision/exceptions.hpp"
#include "text/json_text.hpp"

#include <spdlog/async.h>
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
#include <vector>

namespace gensetd::daemon {
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
    const auto [text, fields] = log::split_line({message.payload.data(), message.payload.size()});
    std::string line;
    if (format_ == LogFormat::json) {
      line = R"({"time":")" + time + R"(","level":")" + std::string{word(message.level)} + R"(","message":)";
      text::append_json_string(line, text);
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

constexpr std::chrono::milliseconds check_every{5};

// Termination: the log's thread writes the queued lines; the terminating thread writes the last one.
spdlog::sink_ptr last_sink;
constexpr std::chrono::milliseconds drain_max{1'000};
static_assert(drain_max < Logging::finish_max);

void write_last_line() {
  const auto until = std::chrono::steady_clock::now() + drain_max;
  while (spdlog::thread_pool()->queue_size() > 0 && std::chrono::steady_clock::now() < until)
    std::this_thread::sleep_for(check_every);
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

void abort_within(std::chrono::seconds time) {
  ::signal(SIGALRM, [](int) { std::abort(); });
  sigset_t alarm_alone;
  ::sigemptyset(&alarm_alone);
  ::sigaddset(&alarm_alone, SIGALRM);
  ::pthread_sigmask(SIG_UNBLOCK, &alarm_alone, nullptr);
  ::alarm(static_cast<unsigned>(time.count()));
}

[[noreturn]] void terminate() {
  static thread_local bool is_terminating = false;
  static std::atomic_flag is_ending;
  if (std::exchange(is_terminating, true)) std::abort();  // the last line failed too
  if (is_ending.test_and_set()) {
    for (;;) ::pause();  // another thread is writing it
  }
  abort_within(Logging::finish_max);  // standard error may be a full pipe
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

Logging::Logging(LogLevel level, LogFormat format) : sink_(std::make_shared<LogSink>(STDERR_FILENO)) {
  spdlog::init_thread_pool(queue_lines_max, 1);
  logger_ = std::make_shared<spdlog::async_logger>("gensetd", sink_, spdlog::thread_pool(),
                                                   spdlog::async_overflow_policy::overrun_oldest);
  logger_->set_formatter(make_log_formatter(format));
  logger_->set_level(level_of(level));
  logger_->set_error_handler([](const std::string&) {});  // the default handler writes to standard error
  spdlog::set_default_logger(logger_);
}

Logging::~Logging() {
  std::set_terminate(std::abort);
  if (!finish()) {
    // NOLINTNEXTLINE(bugprone-unhandled-exception-at-new): without memory the process ends here
    static auto* const left = new std::vector<std::shared_ptr<void>>;
    left->insert(left->end(), {spdlog::thread_pool(), logger_, sink_});
    return;
  }
  last_sink.reset();
  spdlog::shutdown();
}

bool Logging::finish() {
  const auto until = std::chrono::steady_clock::now() + finish_max;
  const std::uint64_t before = sink_->flushes();
  logger_->flush();  // completes after all queued lines
  while (sink_->flushes() == before) {
    if (std::chrono::steady_clock::now() >= until) return false;
    std::this_thread::sleep_for(check_every);
  }
  return true;
}

void Logging::log_termination() {
  last_sink = sink_;
  std::set_terminate(terminate);
}

std::uint64_t Logging::lines_dropped() {
  const std::uint64_t dropped = spdlog::thread_pool() ? spdlog::thread_pool()->overrun_counter() : 0;
  return dropped + LogSink::lines_lost();
}

}  // namespace gensetd::daemon
