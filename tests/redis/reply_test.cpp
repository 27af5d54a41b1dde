#include "redis/reply.hpp"

#include <gtest/gtest.h>

namespace gensetd::redis {
namespace {

using Next = ReplyReader::Next;
using Type = Reply::Type;

TEST(Reply, is_the_same_however_its_bytes_are_cut) {
  const std::string bytes = "*5\r\n+OK\r\n:-42\r\n$6\r\na\r\nb\r\n\r\n$-1\r\n*1\r\n-ERR no\r\n";
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    ReplyReader reader;
    Reply reply;
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

TEST(Reply, error_is_found_in_the_answer_of_EXEC) {
  ReplyReader reader;
  Reply reply;
  reader.feed("*3\r\n:1\r\n-WRONGTYPE x\r\n-ERR y\r\n+OK\r\n-OOM z\r\n");
  ASSERT_EQ(reader.next(reply), Next::complete);
  EXPECT_EQ(first_error(reply), "WRONGTYPE x");
  ASSERT_EQ(reader.next(reply), Next::complete);
  EXPECT_EQ(first_error(reply), "");
  ASSERT_EQ(reader.next(reply), Next::complete);
  EXPECT_EQ(first_error(reply), "OOM z");
}

TEST(Reply, that_is_none_or_too_large_breaks_the_stream_without_filling_memory) {
  std::string nested;
  for (int level = 0; level < 20; ++level) nested += "*1\r\n";
  for (const std::string& bytes :
       {std::string("HTTP/1.1 400 Bad Request\r\n\r\n"), std::string("*2147483647\r\n"),
        std::string("*1025\r\n"), std::string("*-7\r\n"), std::string("*2\r\n:1\r\n*1023\r\n"), nested,
        std::string("\0\0\0", 3)}) {
    ReplyReader reader;
    Reply reply;
    reader.feed(bytes);
    EXPECT_EQ(reader.next(reply), Next::broken) << bytes;
    reader.feed("+OK\r\n");
    EXPECT_EQ(reader.next(reply), Next::broken) << bytes;
  }
}

TEST(Reply, of_many_elements_is_counted_anew_each_time) {
  ReplyReader reader;
  Reply reply;
  std::string bytes = "*1024\r\n";
  for (int element = 0; element < 1024; ++element) bytes += ":1\r\n";
  for (int turn = 0; turn < 3; ++turn) {
    reader.feed(bytes);
    EXPECT_EQ(reader.next(reply), Next::complete);
    EXPECT_EQ(reply.elements.size(), 1024u);
  }
}

TEST(Reply, that_never_ends_is_given_up) {
  ReplyReader reader;
  Reply reply;
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
