#include "http/metric_families.hpp"

#include <gtest/gtest.h>

namespace gensetd::http {
namespace {

TEST(MetricFamilies, samples_of_a_metric_stand_together_under_its_head) {
  MetricFamilies families;
  for (const char* link : {R"({link="a"})", R"({link="b"})"}) {
    families.add({"z_total", "counter", "Z."}, link, "1");
    families.add({"a_seconds", "summary", "A."}, link, "0.5", "_sum");
    families.add({"a_seconds", "summary", "A."}, link, "2", "_count");
  }
  families.add({"m", "gauge", "M."}, "", "-1");
  EXPECT_EQ(families.finish(),
            "# HELP a_seconds A.\n# TYPE a_seconds summary\n"
            "a_seconds_sum{link=\"a\"} 0.5\na_seconds_count{link=\"a\"} 2\n"
            "a_seconds_sum{link=\"b\"} 0.5\na_seconds_count{link=\"b\"} 2\n"
            "# HELP m M.\n# TYPE m gauge\nm -1\n"
            "# HELP z_total Z.\n# TYPE z_total counter\nz_total{link=\"a\"} 1\nz_total{link=\"b\"} 1\n");
  EXPECT_EQ(families.finish(), "");
}

TEST(MetricFamilies, texts_are_escaped) {
  EXPECT_EQ(label_value("a\"b\\c\nd"), R"(a\"b\\c\nd)");
  MetricFamilies families;
  families.add({"m", "gauge", "a\"b\\c\nd"}, "", "1");
  EXPECT_EQ(families.finish(), "# HELP m a\"b\\\\c\\nd\n# TYPE m gauge\nm 1\n");
}

}  // namespace
}  // namespace gensetd::http
