#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct redisReader;

namespace gensetd::redis {

// One reply of Redis (RESP 2).
struct RedisReply {
  enum class Type { nil, status, error, integer, text, array };
  Type type = Type::nil;
  std::string text;  // of status, error and text
  long long integer = 0;
  std::vector<RedisReply> elements;  // of an array
};

// The first error in `reply`, also inside an array (the reply to EXEC is one); empty when there is none.
std::string_view first_error(const RedisReply& reply);

// Splits a stream of bytes into replies. Use: feed() the received bytes, then call next() until it does not
// return `complete`. After `broken` the stream cannot be read further. buffered_max and elements_max bound
// the memory, whatever the peer sends.
class ReplyReader {
 public:
  enum class Next { complete, incomplete, broken };
  static constexpr std::size_t buffered_max = 16 * 1024 * 1024;  // bytes of a reply that is not yet complete
  static constexpr std::size_t elements_max = 1024;              // of one reply, including nested ones

  ReplyReader();
  ReplyReader(const ReplyReader&) = delete;  // hiredis points at elements_
  ReplyReader& operator=(const ReplyReader&) = delete;
  void feed(std::string_view bytes);
  Next next(RedisReply& reply);

 private:
  struct Free {
    void operator()(redisReader* reader) const;
  };
  std::size_t elements_ = 0;  // in the reply being read
  bool broken_ = false;
  std::unique_ptr<redisReader, Free> reader_;
};

}  // namespace gensetd::redis
