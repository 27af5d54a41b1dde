#pragma once

#include <string>
#include <string_view>

namespace gensetd::redis {

// Why a connection failed. `reason` is one line for people without secrets; empty: no failure.
struct RedisFailure {
  std::string reason;
  bool is_rejection = false;  // Redis responds and refuses: an administrator has to act

  explicit operator bool() const { return !reason.empty(); }
};

// What to do after an error reply.
enum class ErrorReplyAction {
  skip_key,   // the error concerns one key: continue with the others
  reconnect,  // it concerns all keys (no memory, read-only, loading, no login), or is unknown
};
ErrorReplyAction action_after_error(std::string_view error);

// The failure for an error reply to `what`. LOADING ends without help and is not a rejection.
RedisFailure rejection(std::string_view what, std::string_view error);

// The failure for an error reply to AUTH. It never repeats the text of the reply: Redis quotes the arguments
// of a command that it does not know, here the password.
RedisFailure login_rejection(std::string_view error);

// Text from a peer as one line of printable ASCII, cut at 200 bytes.
std::string printable(std::string_view text);

// The failure of a connection that ended by an exception. The log describes it.
RedisFailure internal_failure();

}  // namespace gensetd::redis
