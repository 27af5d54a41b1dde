#include "redis/reply.hpp"

#include <hiredis/read.h>

#include <new>
#include <utility>

namespace gensetd::redis {
namespace {

using Type = RedisReply::Type;

// Where the value of `task` is stored: in an element of its parent, which has its final size, or in a new
// reply.
RedisReply* place_of(const redisReadTask* task) {
  if (task->parent == nullptr) return new RedisReply;
  return &static_cast<RedisReply*>(task->parent->obj)->elements[static_cast<std::size_t>(task->idx)];
}

Type text_type(int type) {
  if (type == REDIS_REPLY_ERROR) return Type::error;
  return type == REDIS_REPLY_STATUS ? Type::status : Type::text;
}

// No exception may pass through hiredis, which is C. It treats null as out of memory and abandons the reply.
template <class Build>
void* build(const redisReadTask* task, Build fill) noexcept {
  RedisReply* made = nullptr;
  try {
    made = place_of(task);
    fill(*made);
    return made;
  } catch (const std::bad_alloc&) {
    if (task->parent == nullptr) delete made;
    return nullptr;
  }
}

void* make_text(const redisReadTask* task, char* text, std::size_t length) {
  return build(task, [&](RedisReply& reply) {
    reply.type = text_type(task->type);
    reply.text.assign(text, length);
  });
}

void* make_array(const redisReadTask* task, int count) {
  return build(task, [&](RedisReply& reply) {
    auto& elements = *static_cast<std::size_t*>(task->privdata);
    const auto added = static_cast<std::size_t>(count);
    // A header of a few bytes may announce 2^31 elements.
    if (count < 0 || added > ReplyReader::elements_max - elements) throw std::bad_alloc();
    elements += added;
    reply.type = Type::array;
    reply.elements.resize(added);
  });
}

void* make_integer(const redisReadTask* task, long long value) {
  return build(task, [&](RedisReply& reply) {
    reply.type = Type::integer;
    reply.integer = value;
  });
}

void* make_nil(const redisReadTask* task) {
  return build(task, [](RedisReply&) {});
}

void free_reply(void* reply) { delete static_cast<RedisReply*>(reply); }

redisReplyObjectFunctions functions{make_text, make_array, make_integer, make_nil, free_reply};

}  // namespace

std::string_view first_error(const RedisReply& reply) {
  if (reply.type == Type::error) return reply.text;
  for (const RedisReply& element : reply.elements) {
    if (element.type == Type::error) return element.text;
  }
  return {};
}

void ReplyReader::Free::operator()(redisReader* reader) const { redisReaderFree(reader); }

ReplyReader::ReplyReader() : reader_(redisReaderCreateWithFunctions(&functions)) {
  if (!reader_) throw std::bad_alloc();
  reader_->privdata = &elements_;
}

void ReplyReader::feed(std::string_view bytes) {
  broken_ = broken_ || redisReaderFeed(reader_.get(), bytes.data(), bytes.size()) != REDIS_OK;
}

ReplyReader::Next ReplyReader::next(RedisReply& reply) {
  if (broken_) return Next::broken;
  void* made = nullptr;
  if (redisReaderGetReply(reader_.get(), &made) != REDIS_OK) {
    broken_ = true;
    return Next::broken;
  }
  if (made == nullptr) {
    broken_ = reader_->len - reader_->pos > buffered_max;
    return broken_ ? Next::broken : Next::incomplete;
  }
  const std::unique_ptr<RedisReply> owned(static_cast<RedisReply*>(made));
  reply = std::move(*owned);
  elements_ = 0;
  return Next::complete;
}

}  // namespace gensetd::redis
