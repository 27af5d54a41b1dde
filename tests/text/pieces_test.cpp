#include "text/pieces.hpp"

#include "text/whole.hpp"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

#include <string>

namespace gensetd::text {
namespace {

Pieces list_of(int count, std::size_t length, int& requested) {
  return pieces_of_list(
      R"({"entries":[)",
      [count, length, &requested, index = 0](std::string& out) mutable {
        ++requested;
        if (index == count) return false;
        out += std::to_string(++index) + std::string(length, '0');
        return true;
      },
      [] { return "]}"; });
}

TEST(Pieces, short_list_is_one_piece) {
  int requested = 0;
  std::string piece;
  EXPECT_FALSE(list_of(3, 1, requested)(piece));
  EXPECT_EQ(piece, R"({"entries":[10,20,30]})");
  piece.clear();
  EXPECT_FALSE(list_of(0, 1, requested)(piece));
  EXPECT_EQ(piece, R"({"entries":[]})");
}

TEST(Pieces, piece_contains_no_more_entries_than_fit) {
  int requested = 0;
  const Pieces pieces = list_of(1'000, 999, requested);
  std::string piece;
  EXPECT_TRUE(pieces(piece));
  EXPECT_LT(requested, 70) << "entries of the first piece";
  EXPECT_LT(piece.size(), piece_bytes + 2'000);
  const auto list = boost::json::parse(piece + whole(pieces)).as_object().at("entries").as_array();
  EXPECT_EQ(list.size(), 1'000U);
  EXPECT_EQ(requested, 1'001);
}

}  // namespace
}  // namespace gensetd::text
