#include "measure/metric_families.hpp"

#include "text/whole.hpp"

#include <gtest/gtest.h>

#include <string>

namespace gensetd::measure {
namespace {

using std::chrono::milliseconds;
using text::whole;

TEST(MetricFamilies, samples_of_a_metric_are_printed_together_under_its_head) {
  MetricFamilies families;
  for (const char* link : {"a", "b"}) {
    families.counter("z_total", "Z.", 1, {{"link", link}});
    families.summary("a_seconds", "A.", milliseconds{500}, 2, {{"link", link}});
  }
  families.gauge("m", "M.", -1);
  EXPECT_EQ(whole(families.finish()),
            "# HELP a_seconds A.\n# TYPE a_seconds summary\n"
            "a_seconds_count{link=\"a\"} 2\na_seconds_sum{link=\"a\"} 0.5\n"
            "a_seconds_count{link=\"b\"} 2\na_seconds_sum{link=\"b\"} 0.5\n"
            "# HELP m M.\n# TYPE m gauge\nm -1\n"
            "# HELP z_total Z.\n# TYPE z_total counter\nz_total{link=\"a\"} 1\nz_total{link=\"b\"} 1\n");
  EXPECT_EQ(whole(families.finish()), "");
}

TEST(MetricFamilies, many_samples_remain_one_family) {
  MetricFamilies families;
  std::string expected = "# HELP m M.\n# TYPE m gauge\n";
  for (int sample = 0; sample < 10'000; ++sample) {
    families.gauge("m", "M.", sample, {{"device_id", std::to_string(sample)}});
    expected += "m{device_id=\"" + std::to_string(sample) + "\"} " + std::to_string(sample) + "\n";
  }
  EXPECT_EQ(whole(families.finish()), expected);
}

TEST(MetricFamilies, texts_are_escaped) {
  MetricFamilies families;
  families.gauge("m", "a\"b\\c\nd", 1, {{"site", "a\"b\\c\nd"}});
  EXPECT_EQ(whole(families.finish()),
            "# HELP m a\"b\\\\c\\nd\n# TYPE m gauge\nm{site=\"a\\\"b\\\\c\\nd\"} 1\n");
}

TEST(MetricFamilies, histogram_counts_values_up_to_each_bound) {
  measure::Histogram histogram;
  histogram.note(milliseconds{10});
  histogram.note(milliseconds{11}, 2);
  histogram.note(std::chrono::minutes{2});
  MetricFamilies families;
  families.histogram("h_seconds", "H.", histogram);
  const std::string text = whole(families.finish());
  EXPECT_NE(text.find("h_seconds_bucket{le=\"0.005\"} 0\n"), std::string::npos) << text;
  EXPECT_NE(text.find("h_seconds_bucket{le=\"0.01\"} 1\n"), std::string::npos) << text;
  EXPECT_NE(text.find("h_seconds_bucket{le=\"0.025\"} 3\n"), std::string::npos) << text;
  EXPECT_NE(text.find("h_seconds_bucket{le=\"60\"} 3\n"), std::string::npos) << text;
  EXPECT_NE(text.find("h_seconds_bucket{le=\"+Inf\"} 4\n"), std::string::npos) << text;
  EXPECT_NE(text.find("h_seconds_sum 120.032\n"), std::string::npos) << text;
  EXPECT_NE(text.find("h_seconds_count 4\n"), std::string::npos) << text;
}

}  // namespace
}  // namespace gensetd::measure
