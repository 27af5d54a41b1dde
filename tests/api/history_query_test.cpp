#include "api/history_query.hpp"

#include "profile/catalog.hpp"
#include "text/whole.hpp"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

#include <cstddef>
#include <vector>

namespace gensetd::api {
namespace {

// For every number of buckets.
TEST(HistoryQuery, body_is_the_same_in_any_number_of_pieces) {
  const auto profile = profile::Catalog::built_in().find("hgm9520n");
  for (const std::size_t points : {1UL, 7UL, 300UL, 2'000UL}) {
    for (const std::size_t fields : {1UL, 2UL, profile->fields.size()}) {
      const HistoryQuery query{.device_id = 7,
                               .fields = {},
                               .period = {.from = reading::Timestamp{},
                                          .to = reading::Timestamp{std::chrono::hours{1}},
                                          .points = points}};
      std::vector<std::size_t> indices;
      for (std::size_t index = 0; index < fields; ++index) indices.push_back(index);
      history::Buckets buckets(query.period.buckets());
      for (std::size_t index = 0; index < buckets.size(); index += 2) {
        buckets[index] = history::Bucket{.min = 0, .max = static_cast<std::int64_t>(index)};
        buckets[index]->add(static_cast<std::int64_t>(index));
      }
      const auto body = text::whole(
          pieces_of_history(query, profile, indices, std::vector<history::Buckets>(fields, buckets)));
      const auto response = boost::json::parse(body).as_object();
      ASSERT_EQ(response.at("fields").as_object().size(), fields);
      for (const auto& [name, list] : response.at("fields").as_object()) {
        ASSERT_EQ(list.as_array().size(), buckets.size()) << name;
        for (std::size_t index = 0; index < buckets.size(); ++index)
          ASSERT_EQ(list.as_array()[index].is_null(), index % 2 == 1);
      }
      EXPECT_EQ(response.at("device_id").as_int64(), 7);
    }
  }
}

TEST(HistoryQuery, many_readings_are_divided_into_buckets_field_by_field) {
  EXPECT_EQ(fields_per_slice(0), 100'000U);
  EXPECT_EQ(fields_per_slice(1'800), 55U);
  EXPECT_EQ(fields_per_slice(200'000), 1U);
}

}  // namespace
}  // namespace gensetd::api
