#include "measure/metric_families.hpp"

#include <deque>
#include <functional>
#include <prometheus/text_serializer.h>
#include <utility>

namespace gensetd::measure {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricType;

// A sample takes about 400 bytes before it is printed and 70 afterwards. Printing this many takes one or two
// milliseconds.
constexpr std::size_t not_printed_max = 1'024;

double seconds(std::chrono::nanoseconds time) { return std::chrono::duration<double>(time).count(); }

// The library does not escape help texts; the text format requires it for backslash and line feed.
std::string escaped(std::string_view help) {
  std::string text;
  for (const char character : help) {
    if (character == '\\' || character == '\n') text += '\\';
    text += character == '\n' ? 'n' : character;
  }
  return text;
}

// The samples, without the HELP and TYPE lines before them.
std::string_view without_head(std::string_view text) {
  while (text.starts_with("# ")) text.remove_prefix(text.find('\n') + 1);
  return text;
}

}  // namespace

void MetricFamilies::counter(std::string_view name, std::string_view help, std::uint64_t value,
                             MetricLabels labels) {
  add(name, help, MetricType::Counter, std::move(labels)).counter.value = static_cast<double>(value);
}

void MetricFamilies::seconds_counter(std::string_view name, std::string_view help,
                                     std::chrono::nanoseconds value, MetricLabels labels) {
  add(name, help, MetricType::Counter, std::move(labels)).counter.value = seconds(value);
}

void MetricFamilies::gauge(std::string_view name, std::string_view help, double value, MetricLabels labels) {
  add(name, help, MetricType::Gauge, std::move(labels)).gauge.value = value;
}

void MetricFamilies::histogram(std::string_view name, std::string_view help, const Histogram& value,
                               MetricLabels labels) {
  ClientMetric::Histogram& shown = add(name, help, MetricType::Histogram, std::move(labels)).histogram;
  shown.sample_sum = seconds(value.sum());
  for (std::size_t index = 0; index < Histogram::bounds.size(); ++index) {
    shown.sample_count += value.in_bucket(index);
    shown.bucket.push_back({shown.sample_count, seconds(Histogram::bounds[index])});
  }
  shown.sample_count = value.count();
}

void MetricFamilies::summary(std::string_view name, std::string_view help, std::chrono::nanoseconds sum,
                             std::uint64_t count, MetricLabels labels) {
  add(name, help, MetricType::Summary, std::move(labels)).summary = {count, seconds(sum), {}};
}

text::Pieces MetricFamilies::finish() {
  print();
  std::deque<std::string> texts;
  for (auto& [name, family] : families_) texts.push_back(std::move(family.text));
  families_.clear();
  return [texts = std::move(texts), taken = std::size_t{0}](std::string& out) mutable {
    while (!texts.empty() && out.size() < text::piece_bytes) {
      const std::string_view left =
          std::string_view{texts.front()}.substr(taken, text::piece_bytes - out.size());
      out += left;
      taken += left.size();
      if (taken < texts.front().size()) continue;
      texts.pop_front();
      taken = 0;
    }
    return !texts.empty();
  };
}

ClientMetric& MetricFamilies::add(std::string_view name, std::string_view help, MetricType type,
                                  MetricLabels labels) {
  if (not_printed_ == not_printed_max) print();
  ++not_printed_;
  auto family = families_.find(name);
  if (family == families_.end()) {
    const std::string key{name};
    family = families_.emplace(key, Family{{{key, escaped(help), type, {}}}, {}}).first;
  }
  ClientMetric& metric = family->second.samples.front().metric.emplace_back();
  metric.label = std::move(labels);
  return metric;
}

void MetricFamilies::print() {
  const prometheus::TextSerializer serializer;
  for (auto& [name, family] : families_) {
    if (family.samples.front().metric.empty()) continue;
    const std::string text = static_cast<const prometheus::Serializer&>(serializer).Serialize(family.samples);
    family.text += family.text.empty() ? std::string_view{text} : without_head(text);
    family.samples.front().metric.clear();
  }
  not_printed_ = 0;
}

}  // namespace gensetd::measure
