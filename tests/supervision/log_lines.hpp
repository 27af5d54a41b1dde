#pragma once

#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <sstream>
#include <string>
#include <vector>

namespace gensetd::supervision {

// Records the log lines during its lifetime.
class LogLines {
 public:
  LogLines() {
    auto logger =
        std::make_shared<spdlog::logger>("test", std::make_shared<spdlog::sinks::ostream_sink_mt>(text_));
    logger->set_pattern("%v");
    spdlog::set_default_logger(std::move(logger));
  }
  ~LogLines() { spdlog::set_default_logger(before_); }
  LogLines(const LogLines&) = delete;
  LogLines& operator=(const LogLines&) = delete;

  // The sentences of the lines, without fields.
  std::vector<std::string> sentences() const {
    std::vector<std::string> lines;
    std::istringstream stream(text_.str());
    for (std::string line; std::getline(stream, line);) lines.push_back(line.substr(0, line.find('\x1e')));
    return lines;
  }

 private:
  std::shared_ptr<spdlog::logger> before_ = spdlog::default_logger();
  std::ostringstream text_;
};

}  // namespace gensetd::supervision
