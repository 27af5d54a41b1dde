#pragma once

#include "modbus/read_request.hpp"
#include "profile/number_format.hpp"
#include "profile/role.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gensetd::profile {

// A text for people in the two languages of the dashboard.
struct Text {
  std::string en;
  std::string ru;
};

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
  std::uint16_t address = 0;  // of the first register
  Type type = Type::u16;
  std::uint8_t bit = 0;       // 0..15, for Type::bit
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
  std::optional<Role> role;                    // of one field of the profile at most
  bool is_in_overview = false;                 // stream/overview.hpp
};

// A range of registers that the controller returns in one response.
struct Block {
  std::string name;
  std::uint16_t address = 0;
  std::uint16_t count = 1;

  int end() const { return int{address} + count; }  // the first address behind the block
};

// How requests to a controller are sent.
struct Transport {
  std::uint16_t merge_limit = 1;             // registers in one merged request, 1..125
  std::chrono::milliseconds request_gap{0};  // silence on the line before a request
  std::uint16_t requests_in_flight = 1;      // outstanding on one connection; always 1 on a serial line
};

// A register map: everything that gensetd knows of a controller model. Invariant: names are unique, each
// field lies inside its block, blocks do not overlap and are in ascending order of address, and every group
// and code table that is named exists.
struct Profile {
  std::string name;
  Text title;
  DeviceType device_type = DeviceType::generator;
  modbus::Protocol protocol = modbus::Protocol::tcp;  // the default of a device with this profile
  std::uint16_t probe_address = 0;                    // the status register that a connection test reads
  Transport tcp;
  Transport serial;
  std::vector<Group> groups;
  std::vector<CodeTable> code_tables;
  std::vector<Block> blocks;
  std::vector<Field> fields;  // in the order of the specification, which is also that of a reading
  NumberDefaults defaults;

  const Transport& transport(modbus::Protocol wire) const {
    return wire == modbus::Protocol::tcp ? tcp : serial;
  }
};

using ProfilePtr = std::shared_ptr<const Profile>;

}  // namespace gensetd::profile
