#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <utility>

namespace gensetd::text {

// A long text is produced in pieces of about this size, each only when the reader has taken the one before. A
// piece is about a millisecond of work, and all that is held in memory for a client that stops reading.
inline constexpr std::size_t piece_bytes = 65'536;

// Produces a long text: appends the next piece to `out`, which is empty; false: that was the last piece. The
// data that the text describes may change between two calls.
using Pieces = std::function<bool(std::string& out)>;

// The pieces of a JSON list: `before`, the entries with commas between them, and the text of after().
// next(out) appends one entry; it returns false and appends nothing when there are no more.
template <class Next, class After>
Pieces pieces_of_list(std::string before, Next next, After after) {
  return [before = std::move(before), next = std::move(next), after = std::move(after),
          needs_comma = false](std::string& out) mutable {
    out += std::exchange(before, {});
    while (out.size() < piece_bytes) {
      const std::size_t length = out.size();
      if (needs_comma) out += ',';
      if (!next(out)) {
        out.resize(length);
        out += after();
        return false;
      }
      needs_comma = true;
    }
    return true;
  };
}

// An array.
template <class Next>
Pieces pieces_of_list(Next next) {
  return pieces_of_list("[", std::move(next), [] { return "]"; });
}

}  // namespace gensetd::text
