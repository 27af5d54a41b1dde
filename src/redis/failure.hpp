#pragma once

#include <string>
#include <string_view>

namespace gensetd::redis {

// Why a connection is of no use any more. `why` is one line for people without secrets; empty: no failure.
struct Failure {
  std::string why;
  bool refused = false;  // Redis is there and says no: somebody has to act

  explicit operator bool() const { return !why.empty(); }
};

// What to do after Redis answered with an error.
enum class NextStep {
  skip_key,   // it concerns this key only: go on with the others
  reconnect,  // it concerns all (no memory, read-only, loading, no login); unknown errors are taken for this
};
NextStep next_step(std::string_view error);

// An error reply as a failure: `what` was attempted. LOADING mends itself and is not `refused`.
Failure refusal(std::string_view what, std::string_view error);

// The answer to AUTH as a failure. Of the error only what is known is repeated: Redis quotes the arguments of
// a command that it does not know, and here they are the password.
Failure login_refusal(std::string_view error);

// Text of a peer as one line of printable ASCII, cut at 200 bytes.
std::string printable(std::string_view text);

// A connection that ended by an exception, which the log describes.
Failure inside_gensetd();

}  // namespace gensetd::redis
