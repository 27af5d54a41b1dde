#pragma once

#include "text/pieces.hpp"

#include <gtest/gtest.h>

#include <string>

namespace gensetd::text {

// All pieces of a text joined. Fails when a piece has an unexpected size; one entry may be 16 kB.
inline std::string whole(const Pieces& pieces) {
  std::string text;
  for (bool has_more = true; has_more;) {
    std::string piece;
    has_more = pieces(piece);
    EXPECT_LT(piece.size(), piece_bytes + 16'384);
    EXPECT_TRUE(!has_more || piece.size() >= piece_bytes) << piece.size();
    text += piece;
  }
  return text;
}

}  // namespace gensetd::text
