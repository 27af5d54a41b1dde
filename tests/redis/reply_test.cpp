#include "redis/reply.hpp"

#include <gtest/gtest.h>

namespace gensetd::redis {
namespace {

using Next = ReplyReader::Next;
using Type = RedisReply::Type;

TEST(RedisReply, does_not_depend_on_how_its_bytes_are_split) {
  const std::string bytes = "*5\r\n+OK\r\n:-42\r\n$6\r\na\r\nb\r\n\r\n$-1\r\n*1\r\n-ERR no\r\n";
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    ReplyReader reader;
    RedisReply reply;
    reader.feed(bytes.substr(0, cut));
    if (cut < bytes.size()) {
      ASSERT_EQ(reader.next(reply), Next::incomplete) << cut;
      reader.feed(bytes.substr(cut));
    }
    ASSERT_EQ(reader.next(reply), Next::complete) << cut;
    ASSERT_EQ(reply.elements.size(), 5u);
    EXPECT_EQ(reply.elements[0].type, Type::status);
    EXPECT_EQ(reply.elements[0].text, "OK");
    EXPECT_EQ(reply.elements[1].integer, -42);
    EXPECT_EQ(reply.elements[2].text, "a\r\nb\r\n");
    EXPECT_EQ(reply.elements[3].type, Type::nil);
    EXPECT_EQ(reply.elements[4].elements[0].text, "ERR no");
    EXPECT_EQ(reader.next(reply), Next::incomplete);
  }
}

TEST(RedisReply, error_is_found_in_the_reply_to_EXEC) {
  ReplyReader reader;
  RedisReply reply;
  reader.feed("*3\r\n:1\r\n-WRONGTYPE x\r\n-ERR y\r\n+OK\r\n-OOM z\r\n");
  ASSERT_EQ(reader.next(reply), Next::complete);
  EXPECT_EQ(first_error(reply), "WRONGTYPE x");
  ASSERT_EQ(reader.next(reply), Next::complete);
  EXPECT_EQ(first_error(reply), "");
  ASSERT_EQ(reader.next(reply), Next::complete);
  EXPECT_EQ(first_error(reply), "OOM z");
}

TEST(RedisReply, invalid_or_too_large_reply_breaks_the_stream_with_bounded_memory) {
  std::string nested;
  for (int level = 0; level < 20; ++level) nested += "*1\r\n";
  for (const std::string& bytes :
       {std::string("HTTP/1.1 400 Bad Request\r\n\r\n"), std::string("*2147483647\r\n"),
        std::string("*1025\r\n"), std::string("*-7\r\n"), std::string("*2\r\n:1\r\n*1023\r\n"), nested,
        std::string("\0\0\0", 3)}) {
    ReplyReader reader;
    RedisReply reply;
    reader.feed(bytes);
    EXPECT_EQ(reader.next(reply), Next::broken) << bytes;
    reader.feed("+OK\r\n");
    EXPECT_EQ(reader.next(reply), Next::broken) << bytes;
  }
}

TEST(RedisReply, elements_are_counted_separately_for_each_reply) {
  ReplyReader reader;
  RedisReply reply;
  std::string bytes = "*1024\r\n";
  for (int element = 0; element < 1024; ++element) bytes += ":1\r\n";
  for (int turn = 0; turn < 3; ++turn) {
    reader.feed(bytes);
    EXPECT_EQ(reader.next(reply), Next::complete);
    EXPECT_EQ(reply.elements.size(), 1024u);
  }
}

TEST(RedisReply, endless_reply_breaks_the_stream) {
  ReplyReader reader;
  RedisReply reply;
  reader.feed("$500000000\r\n");
  const std::string megabyte(1024 * 1024, 'x');
  std::size_t fed = 0;
  Next next = reader.next(reply);
  while (next == Next::incomplete && fed < 100) {
    reader.feed(megabyte);
    next = reader.next(reply);
    ++fed;
  }
  EXPECT_EQ(next, Next::broken);
  EXPECT_LE(fed, 17u);
}

}  // namespace
}  // namespace gensetd::redis
