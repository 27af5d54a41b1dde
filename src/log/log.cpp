#include "log/log.hpp"

#include <boost/json/serialize.hpp>
#include <spdlog/spdlog.h>

namespace gensetd::log {
namespace {

// Separates text and fields. JSON escapes this character, so the last one in a line is the separator.
constexpr char separator = '\x1e';

std::string json(std::string_view text) {
  return boost::json::serialize(boost::json::string_view{text.data(), text.size()});
}

}  // namespace

LogEvent::LogEvent(spdlog::level::level_enum level, std::string_view name)
    : level_(level), is_enabled_(spdlog::default_logger_raw()->should_log(level)) {
  if (is_enabled_) fields_ = "\"event\":" + json(name);
}

LogEvent& LogEvent::field(std::string_view name, std::string_view value) {
  if (is_enabled_) fields_ += "," + json(name) + ":" + json(value);
  return *this;
}

LogEvent& LogEvent::number(std::string_view name, std::int64_t value) {
  if (is_enabled_) fields_ += "," + json(name) + ":" + std::to_string(value);
  return *this;
}

std::string LogEvent::with_fields(std::string text) const {
  text += separator;
  text += fields_;
  return text;
}

void LogEvent::write(std::string text) {
  text = with_fields(std::move(text));
  spdlog::default_logger_raw()->log(level_, spdlog::string_view_t{text.data(), text.size()});
}

LogLine split_line(std::string_view line) {
  const auto position = line.rfind(separator);
  if (position == std::string_view::npos) return {line, {}};
  return {line.substr(0, position), line.substr(position + 1)};
}

}  // namespace gensetd::log
