#include "redis/commands.hpp"

#include <array>
#include <charconv>
#include <utility>

namespace gensetd::redis {
namespace {

// Called millions of times a day: kept short.
void append_count(std::string& out, char kind, std::size_t count) {
  std::array<char, 24> text{kind};
  char* end = std::to_chars(text.data() + 1, text.data() + text.size() - 2, count).ptr;
  *end++ = '\r';
  *end++ = '\n';
  out.append(text.data(), end);
}

void append_argument(std::string& out, std::string_view argument) {
  append_count(out, '$', argument.size());
  out += argument;
  out += "\r\n";
}

void append_hset(std::string& out, std::string_view key, const reading::Content& content) {
  std::size_t arguments = 2;
  std::string fields;
  fields.reserve(64 * (content.values.size() + 8));
  reading::for_each_hash_field(content, [&](std::string_view name, std::string_view value) {
    append_argument(fields, name);
    append_argument(fields, value);
    arguments += 2;
  });
  append_count(out, '*', arguments);
  append_argument(out, "HSET");
  append_argument(out, key);
  out += fields;
}

}  // namespace

void append_command(std::string& out, std::initializer_list<std::string_view> arguments) {
  append_count(out, '*', arguments.size());
  for (const std::string_view argument : arguments) append_argument(out, argument);
}

KeyNames::KeyNames(std::string its_prefix)
    : prefix(std::move(its_prefix)),
      updates_channel(prefix + "metrics:updates"),
      events_channel(prefix + "events:new") {}

std::string KeyNames::metrics_key(std::int64_t device_id) const {
  return prefix + "device:" + std::to_string(device_id) + ":metrics";
}

std::size_t append_reading(std::string& out, const reading::Reading& reading, const KeyNames& names,
                           ReadingCommand how) {
  const std::string key = names.metrics_key(reading.device_id);
  std::size_t replies = 5;
  append_command(out, {"MULTI"});
  if (how.clear_first) {
    append_command(out, {"DEL", key});
    ++replies;
  }
  append_hset(out, key, *reading.content);
  if (how.ttl > how.ttl.zero()) {
    append_command(out, {"EXPIRE", key, std::to_string(how.ttl.count())});
  } else {
    // HSET keeps an expiry that an earlier configuration may have set.
    append_command(out, {"PERSIST", key});
  }
  append_command(out, {"PUBLISH", names.updates_channel, reading.json});
  append_command(out, {"EXEC"});
  return replies;
}

}  // namespace gensetd::redis
