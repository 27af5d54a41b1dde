#pragma once

#include "measure/histogram.hpp"
#include "text/pieces.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <prometheus/metric_family.h>
#include <string>
#include <string_view>
#include <vector>

namespace gensetd::measure {

using MetricLabels = std::vector<prometheus::ClientMetric::Label>;

// Collects samples in any order and prints them in the text format of Prometheus: sorted by metric name, with
// the samples of a metric together under its HELP and TYPE. A metric without samples is omitted. Names and
// units follow Prometheus' naming rules: seconds, bytes and ratios; a counter's name ends with _total.
class MetricFamilies {
 public:
  void counter(std::string_view name, std::string_view help, std::uint64_t value, MetricLabels labels = {});
  void seconds_counter(std::string_view name, std::string_view help, std::chrono::nanoseconds value,
                       MetricLabels labels = {});
  void gauge(std::string_view name, std::string_view help, double value, MetricLabels labels = {});
  void histogram(std::string_view name, std::string_view help, const Histogram& value,
                 MetricLabels labels = {});
  void summary(std::string_view name, std::string_view help, std::chrono::nanoseconds sum,
               std::uint64_t count, MetricLabels labels = {});

  text::Pieces finish();  // prints all samples and removes them

 private:
  struct Family {
    std::vector<prometheus::MetricFamily> samples;  // one family with the samples that are not printed yet
    std::string text;
  };

  prometheus::ClientMetric& add(std::string_view name, std::string_view help, prometheus::MetricType type,
                                MetricLabels labels);
  void print();

  std::map<std::string, Family, std::less<>> families_;  // by name
  std::size_t not_printed_ = 0;
};

}  // namespace gensetd::measure
