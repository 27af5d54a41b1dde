#pragma once

#include "http/pieces.hpp"
#include "measure/histogram.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <prometheus/metric_family.h>
#include <string>
#include <string_view>
#include <vector>

namespace gensetd::http {

using MetricLabels = std::vector<prometheus::ClientMetric::Label>;

// Samples in any order; in Prometheus' text those of one metric stand together under its HELP and TYPE, and
// metrics by name. A metric without samples is left out. Names and units as Prometheus advises: seconds,
// bytes and ratios; a counter's name ends with _total.
class MetricFamilies {
 public:
  void counter(std::string_view name, std::string_view help, std::uint64_t value, MetricLabels labels = {});
  void seconds_counter(std::string_view name, std::string_view help, std::chrono::nanoseconds value,
                       MetricLabels labels = {});
  void gauge(std::string_view name, std::string_view help, double value, MetricLabels labels = {});
  void histogram(std::string_view name, std::string_view help, const measure::Histogram& value,
                 MetricLabels labels = {});
  void summary(std::string_view name, std::string_view help, std::chrono::nanoseconds sum,
               std::uint64_t count, MetricLabels labels = {});

  BodyPieces finish();  // all samples; there are none any more

 private:
  struct Family {
    std::vector<prometheus::MetricFamily> samples;  // the one family, as far as it is not printed yet
    std::string text;
  };

  prometheus::ClientMetric& add(std::string_view name, std::string_view help, prometheus::MetricType type,
                                MetricLabels labels);
  void print();

  std::map<std::string, Family, std::less<>> families_;  // by name
  std::size_t not_printed_ = 0;
};

}  // namespace gensetd::http
