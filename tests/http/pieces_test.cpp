#include "http/pieces.hpp"

#include "http/history_query.hpp"
#include "http/whole.hpp"
#include "profile/catalog.hpp"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

#include <string>

namespace gensetd::http {
namespace {

BodyPieces list_of(int count, std::size_t length, int& asked) {
  return pieces_of_list(
      R"({"entries":[)",
      [count, length, &asked, index = 0](std::string& out) mutable {
        ++asked;
        if (index == count) return false;
        out += std::to_string(++index) + std::string(length, '0');
        return true;
      },
      [] { return "]}"; });
}

TEST(Pieces, short_list_is_one_piece) {
  int asked = 0;
  std::string piece;
  EXPECT_FALSE(list_of(3, 1, asked)(piece));
  EXPECT_EQ(piece, R"({"entries":[10,20,30]})");
  piece.clear();
  EXPECT_FALSE(list_of(0, 1, asked)(piece));
  EXPECT_EQ(piece, R"({"entries":[]})");
}

TEST(Pieces, no_piece_takes_more_entries_than_fit) {
  int asked = 0;
  const BodyPieces pieces = list_of(1'000, 999, asked);
  std::string piece;
  EXPECT_TRUE(pieces(piece));
  EXPECT_LT(asked, 70) << "entries of the first piece";
  EXPECT_LT(piece.size(), piece_bytes + 2'000);
  const auto list = boost::json::parse(piece + whole(pieces)).as_object().at("entries").as_array();
  EXPECT_EQ(list.size(), 1'000U);
  EXPECT_EQ(asked, 1'001);
}

// Whole text as with one piece for everything, whatever the number of buckets.
TEST(Pieces, history_is_the_same_in_any_number_of_pieces) {
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
      const auto text =
          whole(pieces_of_history(query, profile, indices, std::vector<history::Buckets>(fields, buckets)));
      const auto answer = boost::json::parse(text).as_object();
      ASSERT_EQ(answer.at("fields").as_object().size(), fields);
      for (const auto& [name, list] : answer.at("fields").as_object()) {
        ASSERT_EQ(list.as_array().size(), buckets.size()) << name;
        for (std::size_t index = 0; index < buckets.size(); ++index)
          ASSERT_EQ(list.as_array()[index].is_null(), index % 2 == 1);
      }
      EXPECT_EQ(answer.at("device_id").as_int64(), 7);
    }
  }
}

TEST(Pieces, history_of_many_readings_is_cut_into_buckets_field_by_field) {
  EXPECT_EQ(fields_at_once(0), 100'000U);
  EXPECT_EQ(fields_at_once(1'800), 55U);
  EXPECT_EQ(fields_at_once(200'000), 1U);
}

}  // namespace
}  // namespace gensetd::http
