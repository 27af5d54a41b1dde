#include "daemon/log_sink.hpp"

#include "log/log.hpp"

#include <cerrno>
#include <poll.h>
#include <string>
#include <string_view>
#include <system_error>
#include <unistd.h>

namespace gensetd::daemon {
namespace {

std::atomic<std::uint64_t> lost{0};

// The descriptor may be non-blocking, because another process that shares it may set that.
void wait_for_room(int descriptor) {
  pollfd watched{.fd = descriptor, .events = POLLOUT, .revents = 0};
  ::poll(&watched, 1, -1);
}

struct WriteResult {
  std::size_t bytes = 0;
  int error = 0;  // errno; 0: all bytes are written
};

WriteResult write_all(int descriptor, std::string_view bytes) {
  WriteResult written;
  while (written.bytes < bytes.size()) {
    const ssize_t length = ::write(descriptor, bytes.data() + written.bytes, bytes.size() - written.bytes);
    if (length > 0) {
      written.bytes += static_cast<std::size_t>(length);
    } else if (length < 0 && errno == EAGAIN) {
      wait_for_room(descriptor);
    } else if (length == 0 || errno != EINTR) {
      written.error = length == 0 ? EIO : errno;
      return written;
    }
  }
  return written;
}

}  // namespace

std::uint64_t LogSink::lines_lost() { return lost.load(std::memory_order_relaxed); }

void LogSink::sink_it_(const spdlog::details::log_msg& message) {
  try {
    if (!report_lost_lines() || !write(message)) count_lost_line();
  } catch (...) {
    error_ = ENOMEM;
    count_lost_line();
  }
}

// Returns whether the descriptor accepts lines.
bool LogSink::report_lost_lines() {
  if (lost_since_report_ == 0) return true;
  const std::string why = std::generic_category().message(error_);
  const std::string text =
      log::warning("log_lines_lost")
          .field("lines", lost_since_report_)
          .field("error", why)
          .line_to_say("{} log lines could not be written ({})", lost_since_report_, why);
  if (!text.empty() && !write({"gensetd", spdlog::level::warn, text})) return false;
  lost_since_report_ = 0;
  return true;
}

bool LogSink::write(const spdlog::details::log_msg& message) {
  spdlog::memory_buf_t line;
  if (is_incomplete_) line.push_back('\n');
  formatter_->format(message, line);
  const WriteResult written = write_all(descriptor_, {line.data(), line.size()});
  if (written.bytes > 0) is_incomplete_ = line[written.bytes - 1] != '\n';
  error_ = written.error;
  return written.error == 0;
}

void LogSink::count_lost_line() noexcept {
  lost.fetch_add(1, std::memory_order_relaxed);
  ++lost_since_report_;
}

}  // namespace gensetd::daemon
