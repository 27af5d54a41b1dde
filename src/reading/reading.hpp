#pragma once

#include "profile/profile.hpp"
#include "profile/value.hpp"
#include "reading/numbering.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gensetd::reading {

// Wall time, for display. It follows the system's clock and may go back.
using Timestamp = std::chrono::sys_time<std::chrono::milliseconds>;

// Monotonic time, for ages, distances and expiry. It means nothing outside this process.
using SteadyTime = std::chrono::steady_clock::time_point;

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
  SteadyTime at{};      // the same moment on the monotonic clock
  bool online = false;
  std::string error;                       // one line; empty is null
  std::optional<Timestamp> last_seen;      // `timestamp` of the newest successful cycle
  std::optional<SteadyTime> last_seen_at;  // `at` of the newest successful cycle
  std::vector<profile::Value> values;      // one per field of the profile
  std::uint64_t seq = 0;                   // Numbering::next_seq(); 0: of no run, printed as null
  Epoch epoch = 0;                         // of the run that made it

  // Whether this cycle succeeded, so that the values are its own and not those of an earlier one.
  bool is_fresh() const { return last_seen_at == at; }
};

// One reading of one device with its exact JSON, written once and shared as bytes by everyone downstream.
// Immutable.
struct Reading {
  std::int64_t device_id = 0;
  std::string site_code;
  Timestamp timestamp;
  SteadyTime at{};                     // Facts::at; of another process's reading, when it arrived here
  std::uint64_t seq = 0;               // orders the readings of one device within one epoch; 0: not given
  std::string epoch;                   // the run that another process's reading names; empty: none, or own
  std::string json;                    // the specification's message, one object, valid UTF-8
  std::shared_ptr<const Facts> facts;  // null for a reading that another process published
};

using ReadingPtr = std::shared_ptr<const Reading>;

// Prints `facts` as the message of the specification: device_id, site_code, device_type, timestamp, online,
// error, the profile's fields in its order, last_seen, seq, epoch. Any thread.
ReadingPtr make_reading(Facts facts);

// The same message of a controller that is no registered device: device_id, site_code, seq and epoch are
// null.
std::string print_unregistered(const Facts& facts);

// A reading published by another process, taken as the received bytes: an object with an integer `device_id`,
// a string `site_code` and a `timestamp` of the specification's form. `seq` and `epoch` are used if they are
// a positive integer and a string of at most foreign_epoch_max bytes. Null, with the reason in `why`, when it
// is no reading. At most foreign_json_max bytes are accepted. `arrived` becomes Reading::at.
ReadingPtr parse_foreign(std::string_view json, SteadyTime arrived, std::string& why);
inline constexpr std::size_t foreign_json_max = 65'536;
inline constexpr std::size_t foreign_epoch_max = 64;

// The last bytes of each message that make_reading() prints in a run, which tell it from those of other
// processes.
std::string ending_of(Epoch epoch);

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
  text = facts.seq != 0 ? std::to_string(facts.seq) : "null";
  visit(string_view{"seq"}, string_view{text});
  text.clear();
  if (facts.seq != 0)
    append_epoch(text, facts.epoch);
  else
    text = "null";
  visit(string_view{"epoch"}, string_view{text});
}

}  // namespace gensetd::reading
