#include "log/log.hpp"

#include <boost/json/serialize.hpp>
#include <spdlog/spdlog.h>

namespace gensetd::log {
namespace {

// Between text and fields. JSON escapes it, so the last one in a line is ours.
constexpr char separator = '\x1e';

std::string json(std::string_view text) {
  return boost::json::serialize(boost::json::string_view{text.data(), text.size()});
}

}  // namespace

Event::Event(spdlog::level::level_enum level, std::string_view name)
    : level_(level), wanted_(spdlog::default_logger_raw()->should_log(level)) {
  if (wanted_) fields_ = "\"event\":" + json(name);
}

Event& Event::field(std::string_view name, std::string_view value) {
  if (wanted_) fields_ += "," + json(name) + ":" + json(value);
  return *this;
}

Event& Event::number(std::string_view name, std::int64_t value) {
  if (wanted_) fields_ += "," + json(name) + ":" + std::to_string(value);
  return *this;
}

std::string Event::with_fields(std::string text) const {
  text += separator;
  text += fields_;
  return text;
}

void Event::write(std::string text) {
  text = with_fields(std::move(text));
  spdlog::default_logger_raw()->log(level_, spdlog::string_view_t{text.data(), text.size()});
}

Parts parts_of(std::string_view line) {
  const auto place = line.rfind(separator);
  if (place == std::string_view::npos) return {line, {}};
  return {line.substr(0, place), line.substr(place + 1)};
}

}  // namespace gensetd::log
