#pragma once

#include "http/pieces.hpp"

#include <gtest/gtest.h>

#include <string>

namespace gensetd::http {

// All pieces of a body, each of which must be of the size that a piece has; an entry may be 16 kB.
inline std::string whole(const BodyPieces& pieces) {
  std::string text;
  for (bool goes_on = true; goes_on;) {
    std::string piece;
    goes_on = pieces(piece);
    EXPECT_LT(piece.size(), piece_bytes + 16'384);
    EXPECT_TRUE(!goes_on || piece.size() >= piece_bytes) << piece.size();
    text += piece;
  }
  return text;
}

}  // namespace gensetd::http
