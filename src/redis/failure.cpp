#include "redis/failure.hpp"

namespace gensetd::redis {
namespace {

std::string_view code_of(std::string_view error) { return error.substr(0, error.find(' ')); }

}  // namespace

ErrorReplyAction action_after_error(std::string_view error) {
  const std::string_view code = code_of(error);
  return code == "WRONGTYPE" || code == "ERR" ? ErrorReplyAction::skip_key : ErrorReplyAction::reconnect;
}

RedisFailure rejection(std::string_view what, std::string_view error) {
  return {.reason = std::string(what) + " refused: " + printable(error),
          .is_rejection = code_of(error) != "LOADING"};
}

RedisFailure login_rejection(std::string_view error) {
  const std::string_view code = code_of(error);
  if (code == "WRONGPASS") return {"login refused: WRONGPASS, the user or password is wrong", true};
  if (code == "LOADING") return {"login refused: LOADING, Redis is loading its data", false};
  if (error.find("without any password configured") != std::string_view::npos) {
    return {"login refused: REDIS_URL has a password, but Redis has none configured for the default user",
            true};
  }
  return {"login refused: Redis does not accept AUTH with this user and password", true};
}

std::string printable(std::string_view text) {
  constexpr std::size_t length_max = 200;
  std::string line(text.substr(0, length_max));
  for (char& letter : line) {
    if (letter < ' ' || letter > '~') letter = '?';
  }
  return line;
}

RedisFailure internal_failure() { return {"internal error in gensetd; see the log"}; }

}  // namespace gensetd::redis
