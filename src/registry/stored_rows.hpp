#pragma once

#include "registry/types.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace gensetd::registry {

// A value of a row as the database contains it. It may be invalid for its column.
struct StoredValue {
  enum class Kind : std::uint8_t { null, value, blob, too_long };
  Kind kind = Kind::null;
  std::string text;  // for Kind::value, also of a number or a flag
};

// A column of a table and the kind of its values.
struct Column {
  enum class Content : std::uint8_t { text, number, flag, json, time };
  std::string_view name;
  Content content = Content::text;
  std::size_t bytes_max = 8'000;  // longer values are not read; a description has 2,000 characters of 4 bytes
};

// All columns but the id.
std::span<const Column> site_columns();
std::span<const Column> device_columns();

std::span<const Column> profile_columns();  // all

// Makes a row of the values of its columns, in the order of site_columns() or device_columns(). Values are
// checked by the rules for requests. An invalid value is added to `damage` of the row, and its field has a
// default. Rules that depend on register maps are not checked, as a map may be missing temporarily. Never
// throws because of a value.
Site site_from(std::int64_t id, std::span<const StoredValue> values);
Device device_from(std::int64_t id, std::span<const StoredValue> values);

// The same for a stored profile; its `problem` says what is invalid.
StoredProfile profile_from(std::span<const StoredValue> values);

}  // namespace gensetd::registry
