#pragma once

#include "profile/profile.hpp"
#include "profile/value.hpp"
#include "reading/alarm_words.hpp"
#include "reading/numbering.hpp"
#include "reading/timestamp.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gensetd::reading {

// The device that a reading is of.
struct DeviceIdentity {
  std::int64_t device_id = 0;
  std::string site_code;
  std::string device_type;  // see profile/words.hpp
};

// The texts of a reading, one per field of Type::text. Shared by consecutive readings that have the same.
using TextsPtr = std::shared_ptr<const std::vector<std::string>>;

// The result of one cycle of one device: a reading before it is printed.
struct Content {
  DeviceIdentity identity;
  profile::ProfilePtr profile;
  Timestamp timestamp;  // when the cycle's last response arrived, or when the cycle failed
  SteadyTime at{};      // the same time on the monotonic clock
  bool online = false;
  std::string error;                       // one line; empty: no error, printed as null
  std::optional<Timestamp> last_seen;      // `timestamp` of the last successful cycle
  std::optional<SteadyTime> last_seen_at;  // `at` of the last successful cycle
  std::vector<profile::Value> values;      // one per field of the profile; of a text, its index in `texts`
  TextsPtr texts;                          // null: none
  AlarmWordsPtr alarm_words;               // null: all unknown. Not printed in the reading
  std::uint64_t seq = 0;                   // Numbering::next_seq(); 0: no number, printed as null
  Epoch epoch = 0;                         // Numbering::epoch() of the same run

  // Whether this cycle succeeded. If not, `values` are those of the last successful cycle.
  bool is_fresh() const { return last_seen_at == at; }
};

// One reading of one device. Its JSON is printed once; Redis, REST and all WebSocket clients share the bytes.
// Immutable.
struct Reading {
  std::int64_t device_id = 0;
  std::string site_code;
  Timestamp timestamp;
  SteadyTime at{};                         // Content::at; for a foreign reading, when it arrived here
  std::uint64_t seq = 0;                   // orders the readings of one device within one epoch; 0: unknown
  std::string epoch;                       // of a foreign reading; empty: unknown, or an own reading
  std::string json;                        // one JSON object, valid UTF-8 (PRODUCT.md, Reading)
  std::shared_ptr<const Content> content;  // null for a foreign reading
};

using ReadingPtr = std::shared_ptr<const Reading>;

// Prints `content` as JSON. Keys, in this order: device_id, site_code, device_type, timestamp, online, error,
// the fields of the profile in its order, last_seen, seq, epoch (PRODUCT.md, Reading). Any thread.
ReadingPtr make_reading(Content content);

// The same JSON for a controller that is not registered: device_id, site_code, seq and epoch are null.
std::string print_unregistered(const Content& content);

// Makes a reading of JSON that another process published; its bytes are kept as received. It must be an
// object with an integer `device_id`, a string `site_code` and a `timestamp` as print_timestamp() prints it,
// of at most foreign_json_max bytes. `seq` and `epoch` are used if they are a positive integer and a string
// of at most foreign_epoch_max bytes. `arrived` becomes Reading::at. Null, with the reason in `why`, for
// anything else.
ReadingPtr parse_foreign(std::string_view json, SteadyTime arrived, std::string& why);
inline constexpr std::size_t foreign_json_max = 65'536;
inline constexpr std::size_t foreign_epoch_max = 64;

// The last bytes of each reading that make_reading() prints with this epoch. They distinguish own readings
// from those of other processes.
std::string ending_of(Epoch epoch);

// "2026-02-17T14:30:00.123Z", in UTC. Parsing accepts exactly this form; empty otherwise.
std::string print_timestamp(Timestamp timestamp);
std::optional<Timestamp> parse_timestamp(std::string_view text);

// Appends a whole number of 10^-decimals units as an exact decimal: (3985, 1) is 398.5, (-5, 2) is -0.05.
void append_decimal(std::string& out, std::int64_t count, unsigned decimals);

// Appends a value as JSON: an exact decimal, true or false for a bit, a string for a text, null for no data.
// `texts` are those of the reading.
void append_value(std::string& out, const profile::Field& field, const profile::Value& value,
                  const TextsPtr& texts = nullptr);

// Calls visit(name, value) for each field of the Redis hash `device:{id}:metrics`, in the order of the JSON.
// Numbers, booleans and null are printed as in JSON, strings without quotes. Both arguments are
// std::string_view and are valid during the call.
template <class Visit>
void for_each_hash_field(const Content& content, Visit visit) {
  using std::string_view;
  std::string text = std::to_string(content.identity.device_id);
  visit(string_view{"device_id"}, string_view{text});
  visit(string_view{"site_code"}, string_view{content.identity.site_code});
  visit(string_view{"device_type"}, string_view{content.identity.device_type});
  text = print_timestamp(content.timestamp);
  visit(string_view{"timestamp"}, string_view{text});
  visit(string_view{"online"}, content.online ? string_view{"true"} : string_view{"false"});
  visit(string_view{"error"}, content.error.empty() ? string_view{"null"} : string_view{content.error});
  for (std::size_t index = 0; index < content.values.size(); ++index) {
    const profile::Field& field = content.profile->fields[index];
    text.clear();
    if (field.type == profile::Type::text && content.values[index] && content.texts) {
      text = (*content.texts)[field.text];
    } else {
      append_value(text, field, content.values[index], content.texts);
    }
    visit(string_view{field.name}, string_view{text});
  }
  text = content.last_seen ? print_timestamp(*content.last_seen) : "null";
  visit(string_view{"last_seen"}, string_view{text});
  text = content.seq != 0 ? std::to_string(content.seq) : "null";
  visit(string_view{"seq"}, string_view{text});
  text.clear();
  if (content.seq != 0)
    append_epoch(text, content.epoch);
  else
    text = "null";
  visit(string_view{"epoch"}, string_view{text});
}

}  // namespace gensetd::reading
