#include "reading/reading.hpp"

#include <boost/json/serialize.hpp>

#include <cassert>
#include <string>
#include <utility>

namespace gensetd::reading {
namespace {

constexpr std::size_t bytes_per_field = 24;  // a name, a number and their punctuation, about

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

void append_head(std::string& out, const Facts& facts, bool registered) {
  append_key(out, "device_id");
  out += registered ? std::to_string(facts.identity.device_id) : "null";
  append_key(out, "site_code");
  if (registered) {
    append_json_string(out, facts.identity.site_code);
  } else {
    out += "null";
  }
  append_key(out, "device_type");
  append_json_string(out, facts.identity.device_type);
  append_key(out, "timestamp");
  append_time(out, facts.timestamp);
  append_key(out, "online");
  out += facts.online ? "true" : "false";
  append_key(out, "error");
  if (facts.error.empty()) {
    out += "null";
  } else {
    append_json_string(out, facts.error);
  }
}

void append_ending(std::string& out, Epoch epoch) {
  out += R"(,"epoch":")";
  append_epoch(out, epoch);
  out += "\"}";
}

std::string print_message(const Facts& facts, bool registered) {
  std::string out;
  out.reserve(256 + facts.values.size() * bytes_per_field);
  out += '{';
  append_head(out, facts, registered);
  for (std::size_t index = 0; index < facts.values.size(); ++index) {
    const profile::Field& field = facts.profile->fields[index];
    append_key(out, field.name);
    append_value(out, field, facts.values[index]);
  }
  append_key(out, "last_seen");
  append_time(out, facts.last_seen);
  append_key(out, "seq");
  if (registered && facts.seq != 0) {
    out += std::to_string(facts.seq);
    append_ending(out, facts.epoch);
  } else {
    out += R"(null,"epoch":null})";
  }
  return out;
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += boost::json::serialize(boost::json::string_view(text.data(), text.size()));
}

void append_value(std::string& out, const profile::Field& field, const profile::Value& value) {
  if (!value) {
    out += "null";
  } else if (field.type == profile::Type::bit) {
    out += *value != 0 ? "true" : "false";
  } else {
    append_decimal(out, *value, field.decimals);
  }
}

std::string print_unregistered(const Facts& facts) { return print_message(facts, false); }

ReadingPtr make_reading(Facts facts) {
  assert(facts.profile && facts.values.size() == facts.profile->fields.size());
  auto made = std::make_shared<Reading>();
  made->device_id = facts.identity.device_id;
  made->site_code = facts.identity.site_code;
  made->timestamp = facts.timestamp;
  made->at = facts.at;
  made->seq = facts.seq;
  made->json = print_message(facts, true);
  made->facts = std::make_shared<const Facts>(std::move(facts));
  return made;
}

std::string ending_of(Epoch epoch) {
  std::string ending;
  append_ending(ending, epoch);
  return ending;
}

}  // namespace gensetd::reading
