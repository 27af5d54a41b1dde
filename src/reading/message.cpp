#include "reading/reading.hpp"
#include "text/json_text.hpp"

#include <cassert>
#include <string>
#include <utility>

namespace gensetd::reading {
namespace {

constexpr std::size_t bytes_per_field = 24;  // about a name, a number and their punctuation

void append_key(std::string& out, std::string_view name) {
  out += out.size() == 1 ? "\"" : ",\"";
  out += name;
  out += "\":";
}

void append_time(std::string& out, const std::optional<Timestamp>& time) {
  if (!time) {
    out += "null";
    return;
  }
  out += '"';
  out += print_timestamp(*time);
  out += '"';
}

void append_head(std::string& out, const Content& content, bool registered) {
  append_key(out, "device_id");
  out += registered ? std::to_string(content.identity.device_id) : "null";
  append_key(out, "site_code");
  if (registered) {
    text::append_json_string(out, content.identity.site_code);
  } else {
    out += "null";
  }
  append_key(out, "device_type");
  text::append_json_string(out, content.identity.device_type);
  append_key(out, "timestamp");
  append_time(out, content.timestamp);
  append_key(out, "online");
  out += content.online ? "true" : "false";
  append_key(out, "error");
  if (content.error.empty()) {
    out += "null";
  } else {
    text::append_json_string(out, content.error);
  }
}

void append_ending(std::string& out, Epoch epoch) {
  out += R"(,"epoch":")";
  append_epoch(out, epoch);
  out += "\"}";
}

std::string print_message(const Content& content, bool registered) {
  std::string out;
  out.reserve(256 + content.values.size() * bytes_per_field);
  out += '{';
  append_head(out, content, registered);
  for (std::size_t index = 0; index < content.values.size(); ++index) {
    const profile::Field& field = content.profile->fields[index];
    append_key(out, field.name);
    append_value(out, field, content.values[index], content.texts);
  }
  append_key(out, "last_seen");
  append_time(out, content.last_seen);
  append_key(out, "seq");
  if (registered && content.seq != 0) {
    out += std::to_string(content.seq);
    append_ending(out, content.epoch);
  } else {
    out += R"(null,"epoch":null})";
  }
  return out;
}

}  // namespace

void append_value(std::string& out, const profile::Field& field, const profile::Value& value,
                  const TextsPtr& texts) {
  if (!value || (field.type == profile::Type::text && !texts)) {
    out += "null";
  } else if (field.type == profile::Type::bit) {
    out += *value != 0 ? "true" : "false";
  } else if (field.type == profile::Type::text) {
    text::append_json_string(out, (*texts)[field.text]);
  } else {
    append_decimal(out, *value, field.decimals);
  }
}

std::string print_unregistered(const Content& content) { return print_message(content, false); }

ReadingPtr make_reading(Content content) {
  assert(content.profile && content.values.size() == content.profile->fields.size());
  auto made = std::make_shared<Reading>();
  made->device_id = content.identity.device_id;
  made->site_code = content.identity.site_code;
  made->timestamp = content.timestamp;
  made->at = content.at;
  made->seq = content.seq;
  made->json = print_message(content, true);
  made->content = std::make_shared<const Content>(std::move(content));
  return made;
}

std::string ending_of(Epoch epoch) {
  std::string ending;
  append_ending(ending, epoch);
  return ending;
}

}  // namespace gensetd::reading
