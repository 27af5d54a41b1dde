#pragma once

#include "modbus/read_request.hpp"
#include "profile/alarm_points.hpp"
#include "profile/number_format.hpp"
#include "profile/role.hpp"
#include "profile/text.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gensetd::profile {

// What a field is, for the front end.
enum class DeviceType : std::uint8_t { generator, ats };

struct Code {
  std::int64_t value = 0;
  std::string key;  // as in the specification, e.g. "crank_rest"
  Text label;
  std::optional<Meaning> means;  // empty: unknown to events and the page
};

struct CodeTable {
  std::string name;
  std::vector<Code> codes;  // ascending by value
};

struct Group {
  std::string name;
  Text label;
};

// One named value of a reading. Decoding applies the no-data rule to the raw register first, then the limits
// to the signed value.
struct Field {
  std::string name;
  modbus::Function table = modbus::Function::holding_registers;
  std::uint16_t address = 0;  // of the first register, or of the coil or discrete input
  Type type = Type::u16;
  std::uint8_t bit = 0;       // 0..15, for Type::bit in a register
  std::uint8_t decimals = 0;  // 0..6
  NoData no_data = NoData::none;
  std::optional<std::int64_t> raw_min;  // smallest and largest valid value, after sign and before decimals
  std::optional<std::int64_t> raw_max;
  std::string unit;         // "V", "kW", "°C"; empty for none
  bool shows_sign = false;  // positive and negative values are usual: the page shows +12.5
  std::string group;
  Text label;
  std::string codes;        // name of a code table, or empty
  std::uint16_t block = 0;  // index in Profile::blocks
  NumberKeys keys;
  std::shared_ptr<const NumberFormat> number;  // null: decode16() and decode32() know the field
  std::uint16_t text = 0;                      // of Type::text: its value, an index of the reading's texts
  std::optional<Role> role;                    // of one field of the profile at most
  bool is_in_overview = false;                 // stream/overview.hpp
};

// A value of the reading that decides whether a block is read: a bit that is set, or a code.
struct Condition {
  std::string text;         // as the file states it: "any_alarm" or "state:fault"
  std::uint16_t field = 0;  // index in Profile::fields
  std::int64_t value = 1;   // of the field, when the condition is met
};
inline constexpr std::size_t conditions_max = 8;
inline constexpr std::uint16_t every_max = 1'000;

// A range of registers or bits that the controller returns in one response.
struct Block {
  std::string name;
  modbus::Function table = modbus::Function::holding_registers;
  std::uint16_t address = 0;
  std::uint16_t count = 1;
  std::uint16_t every = 0;        // read in each of so many slots, 1..every_max; 0: not stated
  std::vector<std::string> when;  // read while one of the conditions is met; empty: not stated
  std::uint8_t conditions = 0;    // those of `when`: bit n is Profile::conditions[n]

  // Read in each cycle. Other blocks are optional: they are read when `every` or `when` makes them due.
  bool is_always_read() const { return every <= 1 && when.empty(); }

  int end() const { return int{address} + count; }  // the first address behind the block
};

// A register whose value tells the controller's model.
struct IdentityRule {
  Field field;                       // without a name, group and block
  std::vector<std::string> allowed;  // values as a reading prints them, without quotes
  bool is_prefix = false;            // the value begins with one of them
};

// How requests to a controller are sent.
struct Transport {
  std::uint16_t merge_limit = 1;             // registers in one merged request, 1..125
  std::uint16_t gap_max = 125;               // registers outside of its blocks that a request may include
  bool whole_blocks = false;                 // each request reads one block exactly
  std::chrono::milliseconds request_gap{0};  // silence on the line before a request
  std::uint16_t requests_in_flight = 1;      // outstanding on one connection; always 1 on a serial line
};

// A register map: everything that gensetd knows of a controller model. Invariant: names are unique, each
// field lies inside its block, blocks of one table do not overlap, and every group, code table and condition
// that is named exists. Blocks that are always read come before the others; equal ones are in ascending order
// of table and address.
struct Profile {
  std::string name;
  Text title;
  DeviceType device_type = DeviceType::generator;
  modbus::Protocol protocol = modbus::Protocol::tcp;  // the default of a device with this profile
  modbus::TableAddress probe;                         // the status register that a connection test reads
  Transport tcp;
  Transport serial;
  std::vector<Group> groups;
  std::vector<CodeTable> code_tables;
  std::vector<Block> blocks;
  std::vector<Condition> conditions;  // of all blocks, at most conditions_max
  std::vector<Field> fields;          // in the order of the specification, which is also that of a reading
  std::vector<AlarmGroup> alarm_groups;
  std::vector<AlarmPoint> alarm_points;  // ascending by word, then by code
  std::vector<AlarmWord> alarm_words;    // ascending by place; all that `alarm_points` are in
  std::uint16_t text_count = 0;          // fields of Type::text
  std::vector<IdentityRule> identity;    // all must hold; empty: unknown
  std::optional<Field> firmware;         // the controller's version, for `scan`
  bool is_confirmed = true;              // false: the map was never compared with a controller
  std::vector<std::string> seen;         // where it was: firmware, date, site
  NumberDefaults defaults;

  const Transport& transport(modbus::Protocol wire) const {
    return wire == modbus::Protocol::tcp ? tcp : serial;
  }
};

using ProfilePtr = std::shared_ptr<const Profile>;

}  // namespace gensetd::profile
