#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace gensetd::http {

// A metric of Prometheus' text format 0.0.4.
struct Metric {
  std::string_view name;
  std::string_view type;  // "counter", "gauge", "summary"
  std::string_view help;
};

// A label's value with backslash, quote and line feed escaped.
std::string label_value(std::string_view text);

// Samples in any order; in the text those of one metric stand together under its HELP and TYPE. A metric
// without samples is left out.
class MetricFamilies {
 public:
  // `labels`: {name="value",…}, or nothing. `suffix` ends the sample's name: the _sum and _count of a
  // summary.
  void add(const Metric& metric, std::string_view labels, std::string_view value,
           std::string_view suffix = {});
  std::string finish();

 private:
  std::map<std::string, std::string, std::less<>> families_;  // the text of each, by name
};

}  // namespace gensetd::http
