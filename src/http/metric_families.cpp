#include "http/metric_families.hpp"

namespace gensetd::http {
namespace {

// Prometheus, exposition formats: HELP escapes backslash and line feed, a label's value the quote too.
void append_escaped(std::string& out, std::string_view text, bool quote) {
  for (const char character : text) {
    if (character == '\n') {
      out += "\\n";
      continue;
    }
    if (character == '\\' || (quote && character == '"')) out += '\\';
    out += character;
  }
}

std::string head(const Metric& metric) {
  std::string text = "# HELP ";
  text += metric.name;
  text += ' ';
  append_escaped(text, metric.help, false);
  text += "\n# TYPE ";
  text += metric.name;
  text += ' ';
  text += metric.type;
  text += '\n';
  return text;
}

}  // namespace

std::string label_value(std::string_view text) {
  std::string out;
  append_escaped(out, text, true);
  return out;
}

void MetricFamilies::add(const Metric& metric, std::string_view labels, std::string_view value,
                         std::string_view suffix) {
  auto place = families_.find(metric.name);
  if (place == families_.end()) place = families_.emplace(metric.name, head(metric)).first;
  std::string& text = place->second;
  text += metric.name;
  text += suffix;
  text += labels;
  text += ' ';
  text += value;
  text += '\n';
}

std::string MetricFamilies::finish() {
  std::size_t length = 0;
  for (const auto& [name, family] : families_) length += family.size();
  std::string text;
  text.reserve(length);
  for (const auto& [name, family] : families_) text += family;
  families_.clear();
  return text;
}

}  // namespace gensetd::http
