#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <utility>

namespace gensetd::http {

// A long body or message is produced in pieces of about this size, each when the client has taken the one
// before. One piece is about a millisecond of work, and all that a client holds that takes nothing.
inline constexpr std::size_t piece_bytes = 65'536;

// A long body: appends the next piece to `out`, which is empty; false: that was the last one. Between two
// calls anything may happen to what the body is about.
using BodyPieces = std::function<bool(std::string& out)>;

// The pieces of a list in JSON: `before`, entries with commas between them, and what after() says at the end.
// next(out) appends one entry, or returns false and appends nothing when there are no more.
template <class Next, class After>
BodyPieces pieces_of_list(std::string before, Next next, After after) {
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
BodyPieces pieces_of_list(Next next) {
  return pieces_of_list("[", std::move(next), [] { return "]"; });
}

}  // namespace gensetd::http
