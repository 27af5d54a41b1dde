#pragma once

#include "profile/profile.hpp"
#include "profile/value.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gensetd::reading {

using Timestamp = std::chrono::sys_time<std::chrono::milliseconds>;

// Whose reading it is, as in the specification's message.
struct Identity {
  std::int64_t device_id = 0;
  std::string site_code;
  std::string device_type;  // "generator" | "ats"
};

// What one cycle said of one device, before it is printed.
struct Facts {
  Identity identity;
  profile::ProfilePtr profile;
  Timestamp timestamp;  // when the cycle's last answer arrived, or when it failed
  bool online = false;
  std::string error;                   // one line; empty is null
  std::optional<Timestamp> last_seen;  // of the newest successful cycle
  std::vector<profile::Value> values;  // one per field of the profile
};

// One reading of one device with its exact JSON, written once and shared as bytes by everyone downstream.
// Immutable.
struct Reading {
  std::int64_t device_id = 0;
  std::string site_code;
  Timestamp timestamp;
  std::string json;                    // the specification's message, one object, valid UTF-8
  std::shared_ptr<const Facts> facts;  // null for a reading that another process published
};

using ReadingPtr = std::shared_ptr<const Reading>;

// Prints `facts` as the message of the specification: device_id, site_code, device_type, timestamp, online,
// error, the profile's fields in its order, last_seen. Any thread.
ReadingPtr make_reading(Facts facts);

// The same message of a controller that is no registered device: device_id and site_code are null.
std::string print_unregistered(const Facts& facts);

// A reading published by another process, taken as the bytes that came: an object with an integer
// `device_id`, a string `site_code` and a `timestamp` of the specification's form. Null, with the reason in
// `why`, when it is none. At most foreign_json_max bytes are accepted.
ReadingPtr parse_foreign(std::string_view json, std::string& why);
inline constexpr std::size_t foreign_json_max = 65'536;

// The device_id of a message that begins as those of make_reading(), by its first bytes alone; 0 of any
// other.
std::int64_t leading_device_id(std::string_view json);

// "2026-02-17T14:30:00.123Z" and back (exactly this form; empty otherwise).
std::string print_timestamp(Timestamp timestamp);
std::optional<Timestamp> parse_timestamp(std::string_view text);

// Appends a whole number of 10^-decimals units as an exact decimal: (3985, 1) is 398.5, (-5, 2) is -0.05.
void append_decimal(std::string& out, std::int64_t count, unsigned decimals);

// Appends a JSON string with its quotes; `text` is UTF-8.
void append_json_string(std::string& out, std::string_view text);

// Appends a value as JSON: an exact decimal, true or false for a bit, null for no data.
void append_value(std::string& out, const profile::Field& field, const profile::Value& value);

// Calls visit(name, value) for each hash field of `device:{id}:metrics`, in the order of the message:
// numbers, booleans and null as in JSON, strings without quotes. Both arguments are std::string_view and live
// for the call.
template <class Visit>
void for_each_hash_field(const Facts& facts, Visit visit) {
  using std::string_view;
  std::string text = std::to_string(facts.identity.device_id);
  visit(string_view{"device_id"}, string_view{text});
  visit(string_view{"site_code"}, string_view{facts.identity.site_code});
  visit(string_view{"device_type"}, string_view{facts.identity.device_type});
  text = print_timestamp(facts.timestamp);
  visit(string_view{"timestamp"}, string_view{text});
  visit(string_view{"online"}, facts.online ? string_view{"true"} : string_view{"false"});
  visit(string_view{"error"}, facts.error.empty() ? string_view{"null"} : string_view{facts.error});
  for (std::size_t index = 0; index < facts.values.size(); ++index) {
    const profile::Field& field = facts.profile->fields[index];
    text.clear();
    append_value(text, field, facts.values[index]);
    visit(string_view{field.name}, string_view{text});
  }
  text = facts.last_seen ? print_timestamp(*facts.last_seen) : "null";
  visit(string_view{"last_seen"}, string_view{text});
}

}  // namespace gensetd::reading
